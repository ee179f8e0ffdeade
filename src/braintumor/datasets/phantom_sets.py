"""Write sets of phantoms with the layout, names and leakage of the real image sets."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from braintumor.datasets.catalog import (
    BINARY_FOLDER_LABELS,
    BINARY_SET,
    TESTING,
    TRAINING,
    build_file_table,
    save_file_table,
)
from braintumor.datasets.phantoms import PHANTOM_PLANES, Phantom, make_phantom
from braintumor.enums import CLASSES, TumorClass

PHANTOM_COLUMNS = (
    "split", "label", "file", "origin", "cheng_slice", "patient", "plane", "brisc_file", "brisc_transform",
)  # fmt: skip
PHANTOM_ORIGIN = "phantom"
MASKS_FOLDER = "masks"
_TEST_FRACTION = 0.2
_COPY_FRACTION = 1 / 12  # of exact copies, and of mirrored copies
_MAX_SLICES = 4
BINARY_TABLE_FILE: Final = "table.csv"
_BINARY_IMAGE_SIZE: Final = 200
_MIN_PER_LABEL: Final = 4
_TUMOR_CLASSES: Final = tuple(c for c in CLASSES if c.is_tumor)
# Far from the seeds of the main phantoms, so that no image is in both sets.
_BINARY_FIRST_SEED: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class _PhantomImage:
    """An image to write: the slice of a patient, optionally mirrored left to right."""

    patient: int
    step: int
    mirrored: bool = False


def write_phantoms(folder: Path, per_class: int = 24, seed: int = 0) -> int:
    """Write a small synthetic version of the Kaggle set with the same kinds of leakage.

    Writes `Training/<class>/` and `Testing/<class>/` (about four to one), `provenance.csv`, and the tumour masks in
    `masks/`. Slices are assigned to the two folders one by one, so patients, copies and mirrored copies are on both
    sides, as in the real set. Equal arguments write equal bytes.

    Parameters
    ----------
    folder : Path
        Created if missing; files with the same names are overwritten.
    per_class : int
        Images of each class, at least 4.
    seed : int
        Another seed draws other patients.

    Returns
    -------
    int
        Number of images written.

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
    """Write the images and masks of one class and yield their provenance rows."""
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    images, testing = _assign_to_folders(rng, count)
    counts = {TRAINING: 0, TESTING: 0}
    sizes: dict[int, int] = {}
    for position, image in enumerate(images):
        split = TESTING if position in testing else TRAINING
        side = sizes.setdefault(image.patient, _sample_image_size(rng, label))
        # Sets with different seeds share no patient as long as a class has fewer than a thousand.
        patient_seed = 1000 * seed + image.patient
        plane = PHANTOM_PLANES[image.patient % len(PHANTOM_PLANES)]
        phantom = make_phantom(label, patient_seed, side, plane, image.step)
        name = _file_name(split, label, counts[split])
        counts[split] += 1
        target = folder / split / label / name
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = phantom.pixels[:, ::-1] if image.mirrored else phantom.pixels
        target.write_bytes(_encode_jpeg(np.ascontiguousarray(pixels)))
        yield _make_provenance_row(folder, split, name, phantom, image)


def _assign_to_folders(rng: np.random.Generator, count: int) -> tuple[list[_PhantomImage], set[int]]:
    """Return the images of a class in writing order, and the positions of those that go to Testing."""
    copies = max(1, round(count * _COPY_FRACTION))
    slices: list[_PhantomImage] = []
    patient = 0
    while len(slices) < count - 2 * copies:
        slice_count = min(int(rng.integers(1, _MAX_SLICES + 1)), count - 2 * copies - len(slices))
        slices += [_PhantomImage(patient, step) for step in range(slice_count)]
        patient += 1
    sources = rng.integers(len(slices), size=2 * copies)
    exact = [slices[i] for i in sources[:copies]]
    mirrored = [_PhantomImage(slices[i].patient, slices[i].step, mirrored=True) for i in sources[copies:]]
    images = [*exact, *mirrored, *slices]
    # The first exact copy goes to Testing and its source stays in Training, so that even a tiny set leaks.
    fixed = {0, 2 * copies + int(sources[0])}
    others = [int(i) for i in rng.permutation(count) if i not in fixed]
    return images, {0, *others[: max(0, round(count * _TEST_FRACTION) - 1)]}


def _sample_image_size(rng: np.random.Generator, label: TumorClass) -> int:
    """Sample a patient's image size; notumor images are smaller, a shortcut as in the real set."""
    return int(rng.integers(80, 120)) * 2 if label is TumorClass.NOTUMOR else 256


def _file_name(split: str, label: TumorClass, number: int) -> str:
    """Name a file as in the Kaggle set, where the first ten of a folder have an extra `Tr`."""
    return f"{split[:2]}-{label[:2]}{'Tr' if number < 10 else ''}_{number:04d}.jpg"


def _encode_jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _make_provenance_row(folder: Path, split: str, name: str, phantom: Phantom, image: _PhantomImage) -> dict[str, str]:
    """Return a provenance row and write the mask, shared by a slice and its copies."""
    short = phantom.label[:2]
    row = {"split": split, "label": phantom.label, "file": name, "origin": PHANTOM_ORIGIN, "plane": phantom.plane}
    row |= {"cheng_slice": "", "patient": f"{short}{image.patient:03d}", "brisc_file": "", "brisc_transform": ""}
    if phantom.mask.any():
        stem = f"phantom_{image.patient:03d}{image.step}_{short}_{phantom.plane[:2]}_t1"
        Image.fromarray(phantom.mask.astype(np.uint8) * 255).save(folder / MASKS_FOLDER / f"{stem}.png")
        row |= {"brisc_file": f"{stem}.jpg", "brisc_transform": "mirror" if image.mirrored else "identity"}
    return row


def write_binary_phantoms(folder: Path, per_label: int = 24, seed: int = 0) -> int:
    """Write a small synthetic version of the binary set, with the table of its files.

    The last two images of each label are an exact copy and a mirrored copy of the first. Tumour types alternate but
    are not recorded. Equal arguments write equal bytes.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    ValueError
        `per_label` is below 4.
    """
    if per_label < _MIN_PER_LABEL:
        raise ValueError(f"A binary phantom set needs at least {_MIN_PER_LABEL} images of each label, not {per_label}.")
    for label in BINARY_FOLDER_LABELS:
        target = folder / label
        target.mkdir(parents=True, exist_ok=True)
        images = [_make_binary_image(label, number, per_label * seed + number) for number in range(per_label - 2)]
        for number, pixels in enumerate([*images, images[0], images[0][:, ::-1]]):
            Image.fromarray(np.ascontiguousarray(pixels)).save(target / f"{label[0].upper()}{number + 1}.png")
    table = build_file_table(folder, BINARY_SET.image_folders)
    save_file_table(table, folder / BINARY_TABLE_FILE)
    return len(table)


def _make_binary_image(label: str, number: int, seed: int) -> np.ndarray:
    tumor_class = _TUMOR_CLASSES[number % len(_TUMOR_CLASSES)] if label == "yes" else TumorClass.NOTUMOR
    plane = PHANTOM_PLANES[number % len(PHANTOM_PLANES)]
    return make_phantom(tumor_class, _BINARY_FIRST_SEED + seed, _BINARY_IMAGE_SIZE, plane).pixels
