"""Scans that ship with the package: samples to try, and small previews of test and validation images."""

from braintumor.samples.catalog import Sample, find_sample, list_samples
from braintumor.samples.previews import list_previews, load_preview

__all__ = ["Sample", "find_sample", "list_previews", "list_samples", "load_preview"]
