"""Draws an image set of phantoms, audited and split: what most of the tests of versions begin with."""

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.settings import Settings


def write_dealt_phantoms(settings: Settings, per_class: int, seed: int) -> None:
    """Write images, manifest and split where the settings say."""
    write_phantoms(settings.dataset, per_class, seed)
    audit_dataset(settings)
    split_dataset(settings=settings)
