"""Image set of phantoms with manifest and split, the start of most tests of training and evaluation."""

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.settings import Settings


def write_split_phantoms(settings: Settings, per_class: int, seed: int) -> None:
    """Write images, manifest and split to the folders of the settings."""
    write_phantoms(settings.dataset, per_class, seed)
    audit_dataset(settings)
    split_dataset(settings=settings)
