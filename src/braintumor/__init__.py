"""Reads brain MRI slices: is a tumour suspected, which kind, where, and how sure. Research use only."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("braintumor")
except PackageNotFoundError:  # the source tree on the path without an install
    __version__ = "0+unknown"

__all__ = ["__version__"]
