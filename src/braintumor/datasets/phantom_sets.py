"""Writes a set of phantoms laid out, named and flawed like the Kaggle set: copies, mirrored copies, split patients."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from braintumor.datasets.catalog import BINARY_FOLDER_LABELS, BINARY_SET, build_file_table, save_file_table
from braintumor.datasets.phantoms import PHANTOM_PLANES, Phantom, make_phantom
from braintumor.enums import CLASSES, TumorClass

__all__ = ["PHANTOM_COLUMNS", "Phantom", "make_phantom", "write_phantoms"]

PHANTOM_COLUMNS = (
    "split",
    "label",
    "file",
    "origin",
    "cheng_slice",
    "patient",
    "plane",
    "brisc_file",
    "brisc_transform",
)
PHANTOM_ORIGIN = "phantom"
MASKS_FOLDER = "masks"
_TEST_FRACTION = 0.2
# One image in twelve is an exact copy and one in twelve a mirrored one.
_COPY_FRACTION = 1 / 12
_MAX_SLICES = 4


@dataclass(frozen=True, slots=True)
class _PhantomImage:
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
    (folder / MASKS_FOLDER).mkdir(parents=True, exist_ok=True)
    rows = [row for label in CLASSES for row in _write_class(folder, label, per_class, seed)]
    rows.sort(key=lambda row: (row["split"], row["label"], row["file"]))
    with (folder / "provenance.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, PHANTOM_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _write_class(folder: Path, label: TumorClass, count: int, seed: int) -> Iterator[dict[str, str]]:
    """Write the images and masks of one class; yields their rows of provenance."""
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    images, testing = _assign_to_folders(rng, count)
    placed = {"Training": 0, "Testing": 0}
    sizes: dict[int, int] = {}
    for position, image in enumerate(images):
        split = "Testing" if position in testing else "Training"
        side = sizes.setdefault(image.patient, _sample_image_size(rng, label))
        # Patients of one set never share a seed with those of another one below a thousand patients a class.
        identity = 1000 * seed + image.patient
        phantom = make_phantom(label, identity, side, PHANTOM_PLANES[image.patient % len(PHANTOM_PLANES)], image.step)
        name = _file_name(split, label, placed[split])
        placed[split] += 1
        target = folder / split / label / name
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = phantom.pixels[:, ::-1] if image.mirrored else phantom.pixels
        target.write_bytes(_encode_jpeg(np.ascontiguousarray(pixels)))
        yield _make_provenance_row(folder, split, name, phantom, image)


def _assign_to_folders(rng: np.random.Generator, count: int) -> tuple[list[_PhantomImage], set[int]]:
    """The images of a class in writing order, and the positions of those that go to Testing."""
    copies = max(1, round(count * _COPY_FRACTION))
    slices: list[_PhantomImage] = []
    patient = 0
    while len(slices) < count - 2 * copies:
        wanted = min(int(rng.integers(1, _MAX_SLICES + 1)), count - 2 * copies - len(slices))
        slices += [_PhantomImage(patient, step) for step in range(wanted)]
        patient += 1
    sources = rng.integers(len(slices), size=2 * copies)
    exact = [slices[i] for i in sources[:copies]]
    mirrored = [_PhantomImage(slices[i].patient, slices[i].step, mirrored=True) for i in sources[copies:]]
    images = [*exact, *mirrored, *slices]
    # The first exact copy goes to Testing and its source stays in Training, so that even a tiny set leaks.
    kept = {0, 2 * copies + int(sources[0])}
    others = [int(i) for i in rng.permutation(count) if i not in kept]
    return images, {0, *others[: max(0, round(count * _TEST_FRACTION) - 1)]}


def _sample_image_size(rng: np.random.Generator, label: TumorClass) -> int:
    """Side of a patient's images: notumor is smaller, as from another collection, which gives it away."""
    return int(rng.integers(80, 120)) * 2 if label is TumorClass.NOTUMOR else 256


def _file_name(split: str, label: TumorClass, number: int) -> str:
    """File name in the Kaggle set's own way: the first ten of a folder carry an extra `Tr`."""
    return f"{split[:2]}-{label[:2]}{'Tr' if number < 10 else ''}_{number:04d}.jpg"


def _encode_jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _make_provenance_row(folder: Path, split: str, name: str, phantom: Phantom, image: _PhantomImage) -> dict[str, str]:
    """Row of provenance; writes the mask, one for a slice and all its copies."""
    short = phantom.label[:2]
    row = {"split": split, "label": phantom.label, "file": name, "origin": PHANTOM_ORIGIN, "plane": phantom.plane}
    row |= {"cheng_slice": "", "patient": f"{short}{image.patient:03d}", "brisc_file": "", "brisc_transform": ""}
    if phantom.mask.any():
        stem = f"phantom_{image.patient:03d}{image.step}_{short}_{phantom.plane[:2]}_t1"
        Image.fromarray(phantom.mask.astype(np.uint8) * 255).save(folder / MASKS_FOLDER / f"{stem}.png")
        row |= {"brisc_file": f"{stem}.jpg", "brisc_transform": "mirror" if image.mirrored else "identity"}
    return row


BINARY_TABLE_FILE: Final = "table.csv"
_BINARY_IMAGE_SIZE: Final = 200
_MIN_PER_LABEL: Final = 4
_TUMOR_CLASSES: Final = tuple(c for c in CLASSES if c.is_tumor)
# Far from the seeds of the main phantoms, so that no picture lies in both sets.
_BINARY_FIRST_SEED: Final = 5_000_000


def write_binary_phantoms(folder: Path, per_label: int = 24, seed: int = 0) -> int:
    """Draw a stand-in for the yes/no set, with a table of its files; the last two of each label are near copies.

    Of each label the last picture but one is an exact copy of the first, and the last is it in a mirror. Tumours are of
    the three kinds in turn, which nothing in the set says. Equal arguments write equal bytes.

    Returns
    -------
    int
        How many pictures were written.

    Raises
    ------
    ValueError
        `per_label` is below 4.
    """
    if per_label < _MIN_PER_LABEL:
        raise ValueError(
            f"A yes/no phantom set needs at least {_MIN_PER_LABEL} pictures of each label, not {per_label}."
        )
    for label in BINARY_FOLDER_LABELS:
        target = folder / label
        target.mkdir(parents=True, exist_ok=True)
        pictures = [_make_binary_image(label, number, per_label * seed + number) for number in range(per_label - 2)]
        for number, pixels in enumerate([*pictures, pictures[0], pictures[0][:, ::-1]]):
            Image.fromarray(np.ascontiguousarray(pixels)).save(target / f"{label[0].upper()}{number + 1}.png")
    table = build_file_table(folder, BINARY_SET.image_folders)
    save_file_table(table, folder / BINARY_TABLE_FILE)
    return len(table)


def _make_binary_image(label: str, number: int, seed: int) -> np.ndarray:
    kind = _TUMOR_CLASSES[number % len(_TUMOR_CLASSES)] if label == "yes" else TumorClass.NOTUMOR
    return make_phantom(
        kind, _BINARY_FIRST_SEED + seed, _BINARY_IMAGE_SIZE, PHANTOM_PLANES[number % len(PHANTOM_PLANES)]
    ).pixels
