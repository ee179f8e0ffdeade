"""Samples to try, each with its truth, source and licence. `scripts/make_samples` makes them."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from braintumor.enums import CLASS_NAMES, TumorClass
from braintumor.text import class_text

_FOLDER: Final = Path(__file__).parent
FILES: Final = _FOLDER / "files"
THUMBNAILS: Final = _FOLDER / "thumbnails"
SAMPLES_FILE: Final = _FOLDER / "samples.csv"
THUMBNAIL_SIDE: Final = 128
_OTHER_TRUTHS: Final = {
    "ct": "a head CT, which is not MR",
    "damaged": "a damaged file, of which only the first part is left",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One file to try, as `samples.csv` describes it.

    Attributes
    ----------
    name : str
        Identifies the sample, such as `slice-1`. Neither it nor the file name reveals the class.
    file : str
        File name.
    title : str
        Short text for a button.
    truth : str
        A class, `ct` or `damaged`.
    source, url : str
        Who published the scan, and where.
    licence : str
        SPDX identifier of the licence it is published under.
    changes : str
        What was changed for this package.
    sha256 : str
        Hash of the file.
    """

    name: str
    file: str
    title: str
    truth: str
    source: str
    url: str
    licence: str
    changes: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return FILES / self.file

    @property
    def thumbnail(self) -> Path:
        """A small picture of it, WebP of 128 x 128 pixels."""
        return THUMBNAILS / f"{self.name}.webp"

    @property
    def is_study(self) -> bool:
        """Whether it has several slices."""
        return self.name.startswith("study-")

    @property
    def tumor_class(self) -> TumorClass | None:
        """Its true class; None if it is not a brain MRI."""
        return TumorClass(self.truth) if self.truth in CLASS_NAMES else None

    @property
    def truth_text(self) -> str:
        """The truth in words, as part of a sentence."""
        return class_text(self.truth) if self.tumor_class else _OTHER_TRUTHS[self.truth]


@cache
def list_samples() -> tuple[Sample, ...]:
    """Return all samples in the order in which pages show them."""
    with SAMPLES_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Sample(**row) for row in csv.DictReader(file))


def find_sample(name: str) -> Sample | None:
    """Return the sample with this name, or None."""
    return next((sample for sample in list_samples() if sample.name == name), None)
