"""Writes a set of phantoms laid out, named and flawed like the Kaggle set: copies, mirrored copies, split patients."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from braintumor.dataset.drawing import PLANES, Phantom, draw
from braintumor.vocabulary import CLASSES, TumorClass

__all__ = ["COLUMNS", "Phantom", "draw", "write_phantoms"]

COLUMNS = ("split", "label", "file", "origin", "cheng_slice", "patient", "plane", "brisc_file", "brisc_transform")
ORIGIN = "phantom"
MASKS = "masks"
_TEST_SHARE = 0.2
# One image in twelve is an exact copy and one in twelve a mirrored one.
_COPY_SHARE = 1 / 12
_MOST_SLICES = 4


@dataclass(frozen=True, slots=True)
class _Image:
    """An image to write: which slice of which patient, and whether it is turned left to right."""

    patient: int
    step: int
    mirrored: bool = False


def write_phantoms(folder: Path, per_class: int = 24, seed: int = 0) -> int:
    """Draw a stand-in for the Kaggle set, with the same flaws, small enough for a test.

    Writes `Training/<class>/` and `Testing/<class>/` (about four to one), `provenance.csv`, and the tumour masks in
    `masks/`. Slices are dealt to the two folders one by one, so patients, copies and mirrored copies lie on both
    sides as they do in the real set. Equal arguments write equal bytes.

    Parameters
    ----------
    folder : Path
        Created where it does not exist; files of the same names are written over.
    per_class : int
        Images of each class, at least 4.
    seed : int
        Another seed draws other patients.

    Returns
    -------
    int
        How many images were written.

    Raises
    ------
    ValueError
        `per_class` is below 4.
    """
    if per_class < 4:
        raise ValueError(f"A phantom set needs at least 4 images of each class, not {per_class}.")
    (folder / MASKS).mkdir(parents=True, exist_ok=True)
    rows = [row for label in CLASSES for row in _write_class(folder, label, per_class, seed)]
    rows.sort(key=lambda row: (row["split"], row["label"], row["file"]))
    with (folder / "provenance.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _write_class(folder: Path, label: TumorClass, count: int, seed: int) -> Iterator[dict[str, str]]:
    """Write the images and masks of one class; yields their rows of provenance."""
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    images, testing = _deal(rng, count)
    placed = {"Training": 0, "Testing": 0}
    sizes: dict[int, int] = {}
    for position, image in enumerate(images):
        split = "Testing" if position in testing else "Training"
        side = sizes.setdefault(image.patient, _side(rng, label))
        # Patients of one set never share a seed with those of another one below a thousand patients a class.
        identity = 1000 * seed + image.patient
        phantom = draw(label, identity, side, PLANES[image.patient % len(PLANES)], image.step)
        name = _name(split, label, placed[split])
        placed[split] += 1
        target = folder / split / label / name
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = phantom.pixels[:, ::-1] if image.mirrored else phantom.pixels
        target.write_bytes(_jpeg(np.ascontiguousarray(pixels)))
        yield _row(folder, split, name, phantom, image)


def _deal(rng: np.random.Generator, count: int) -> tuple[list[_Image], set[int]]:
    """The images of a class in writing order, and the positions of those that go to Testing."""
    copies = max(1, round(count * _COPY_SHARE))
    slices: list[_Image] = []
    patient = 0
    while len(slices) < count - 2 * copies:
        wanted = min(int(rng.integers(1, _MOST_SLICES + 1)), count - 2 * copies - len(slices))
        slices += [_Image(patient, step) for step in range(wanted)]
        patient += 1
    sources = rng.integers(len(slices), size=2 * copies)
    exact = [slices[i] for i in sources[:copies]]
    mirrored = [_Image(slices[i].patient, slices[i].step, mirrored=True) for i in sources[copies:]]
    images = [*exact, *mirrored, *slices]
    # The first exact copy goes to Testing and its source stays in Training, so that even a tiny set leaks.
    kept = {0, 2 * copies + int(sources[0])}
    others = [int(i) for i in rng.permutation(count) if i not in kept]
    return images, {0, *others[: max(0, round(count * _TEST_SHARE) - 1)]}


def _side(rng: np.random.Generator, label: TumorClass) -> int:
    """Side of a patient's images: notumor is smaller, as from another collection, which gives it away."""
    return int(rng.integers(80, 120)) * 2 if label is TumorClass.NOTUMOR else 256


def _name(split: str, label: TumorClass, number: int) -> str:
    """File name in the Kaggle set's own way: the first ten of a folder carry an extra `Tr`."""
    return f"{split[:2]}-{label[:2]}{'Tr' if number < 10 else ''}_{number:04d}.jpg"


def _jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _row(folder: Path, split: str, name: str, phantom: Phantom, image: _Image) -> dict[str, str]:
    """Row of provenance; writes the mask, one for a slice and all its copies."""
    short = phantom.label[:2]
    row = {"split": split, "label": phantom.label, "file": name, "origin": ORIGIN, "plane": phantom.plane}
    row |= {"cheng_slice": "", "patient": f"{short}{image.patient:03d}", "brisc_file": "", "brisc_transform": ""}
    if phantom.mask.any():
        stem = f"phantom_{image.patient:03d}{image.step}_{short}_{phantom.plane[:2]}_t1"
        Image.fromarray(phantom.mask.astype(np.uint8) * 255).save(folder / MASKS / f"{stem}.png")
        row |= {"brisc_file": f"{stem}.jpg", "brisc_transform": "mirror" if image.mirrored else "identity"}
    return row
