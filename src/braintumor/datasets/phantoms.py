"""Synthetic head slices with a tumour mask, for tests and demonstrations; needs numpy and Pillow only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.enums import CLASSES, Plane, TumorClass

FloatImage = NDArray[np.float32]
PHANTOM_PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
# Half width and half height of the head by plane, as fractions of half the image.
_HEAD_HALF_AXES = {Plane.AXIAL: (0.68, 0.84), Plane.CORONAL: (0.70, 0.78), Plane.SAGITTAL: (0.82, 0.74)}
# Position of the pituitary gland (x, y in half heads) by plane: midline, at the skull base.
_SELLA_POSITIONS = {Plane.AXIAL: (0.0, -0.18), Plane.CORONAL: (0.0, 0.42), Plane.SAGITTAL: (-0.12, 0.42)}


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic slice: `pixels` uint8 and `mask` bool, both of shape (size, size), with plane and label."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    plane: Plane
    label: TumorClass


def make_phantom(label: TumorClass, seed: int, size: int = 256, plane: Plane | None = None, step: int = 0) -> Phantom:
    """Draw a synthetic head slice for tests and demonstrations.

    Parameters
    ----------
    label : TumorClass
        Glioma: an irregular ring around a dark core inside the brain. Meningioma: a bright round mass at the dural
        edge. Pituitary: a small bright spot in the midline at the skull base. No tumour: nothing added.
    seed : int
        Number of the synthetic patient. Equal arguments give equal pixels.
    size : int
        Width and height in pixels.
    plane : Plane, optional
        Sampled at random by default.
    step : int
        Adjacent slices of one patient: the same head, slightly larger or smaller, with different noise.
    """
    patient = np.random.default_rng([seed, CLASSES.index(label)])
    slice_ = np.random.default_rng([seed, CLASSES.index(label), 1 + abs(step)])
    random_plane = PHANTOM_PLANES[int(patient.integers(len(PHANTOM_PLANES)))] if plane is None else plane
    grid = _head_coordinates(patient, random_plane, size, 1.0 + 0.012 * step)
    tissue, brain = _make_tissue(patient, grid, random_plane, size)
    tissue, mask = _add_tumor(patient, grid, tissue, brain, label, random_plane)
    shade = 1.0 + 0.35 * _smooth_noise(patient, 3, size)
    noise = slice_.normal(0.0, 0.022, (size, size)).astype(np.float32)
    values = np.clip(tissue * shade * np.float32(patient.uniform(0.8, 1.1)) + noise, 0.0, 1.0)
    return Phantom(np.rint(values * 255).astype(np.uint8), mask, random_plane, label)


def _smooth_noise(rng: np.random.Generator, cells: int, size: int) -> FloatImage:
    """Return smooth noise with zero mean: an upsampled coarse lattice of values from -1 to 1."""
    lattice = Image.fromarray(rng.uniform(-1.0, 1.0, (cells, cells)).astype(np.float32))
    return np.asarray(lattice.resize((size, size), Image.Resampling.BICUBIC))


def _head_coordinates(rng: np.random.Generator, plane: Plane, size: int, zoom: float) -> tuple[FloatImage, FloatImage]:
    """Return coordinates (x, y) in half heads, with 1 at the outline of the head and y pointing down."""
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    x, y = np.meshgrid(axis - rng.uniform(-0.07, 0.07), axis - rng.uniform(-0.07, 0.07))
    angle = rng.uniform(-0.16, 0.16)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    width, height = _HEAD_HALF_AXES[plane]
    x = x / (width * zoom * rng.uniform(0.9, 1.12))
    y = y / (height * zoom * rng.uniform(0.9, 1.12))
    return x.astype(np.float32), y.astype(np.float32)


def _ellipse_distance(
    grid: tuple[FloatImage, FloatImage], x: float, y: float, width: float, height: float
) -> FloatImage:
    """Return the distance from a centre in half axes: below 1 inside the ellipse."""
    return np.hypot((grid[0] - x) / width, (grid[1] - y) / height)


def _head_distance(grid: tuple[FloatImage, FloatImage], plane: Plane) -> FloatImage:
    """Return the distance from the centre of the head, 1 at the skin; coronal and sagittal heads have a flat base."""
    x, y = grid
    if plane is Plane.AXIAL:
        return np.hypot(x, y * (1.0 - 0.06 * np.cos(2 * x)))
    below = np.where(y > 0, y * (1.35 if plane is Plane.CORONAL else 1.25), y)
    return ((np.abs(x) ** 2.4 + np.abs(below) ** 2.4) ** (1 / 2.4)).astype(np.float32)


def _make_tissue(
    rng: np.random.Generator, grid: tuple[FloatImage, FloatImage], plane: Plane, size: int
) -> tuple[FloatImage, NDArray[np.bool_]]:
    """Return the grey values of a head without tumour, and its brain mask."""
    radius = _head_distance(grid, plane)
    x, y = grid
    values = np.zeros((size, size), np.float32)
    if plane is not Plane.AXIAL:
        neck = (y > 0.5) & (np.abs(x - (0.25 if plane is Plane.SAGITTAL else 0.0)) < 0.5)
        values[neck] = 0.3
    if plane is Plane.SAGITTAL:
        values[_ellipse_distance(grid, -0.72, 0.62, 0.3, 0.42) < 1] = 0.42
    values[radius < 1.0] = rng.uniform(0.6, 0.8)
    values[radius < 0.93] = 0.07
    brain = radius < 0.86
    folds = _smooth_noise(rng, 26, size) * np.clip(radius - 0.2, 0, 1)
    values = np.where(brain, 0.42 + 0.10 * folds + 0.05 * _smooth_noise(rng, 9, size), values).astype(np.float32)
    if plane is not Plane.SAGITTAL:
        values[brain & (np.abs(x) < 0.018) & ((np.abs(y) > 0.35) | (y < -0.1))] = 0.15
    _carve_ventricles(rng, grid, values, plane)
    return values, brain


def _carve_ventricles(
    rng: np.random.Generator, grid: tuple[FloatImage, FloatImage], values: FloatImage, plane: Plane
) -> None:
    """Darken the ventricles in place; a sagittal slice also gets a cerebellum and a brain stem."""
    scale = rng.uniform(0.75, 1.3)
    if plane is Plane.SAGITTAL:
        arc = (np.abs(_ellipse_distance(grid, 0.0, 0.08, 0.36, 0.28) - 1) < 0.1 * scale) & (grid[1] < 0.05)
        values[arc] = 0.14
        values[_ellipse_distance(grid, 0.42, 0.45, 0.24, 0.17) < 1] = 0.34
        values[_ellipse_distance(grid, 0.1, 0.6, 0.1, 0.25) < 1] = 0.5
        return
    height = 0.27 if plane is Plane.AXIAL else 0.13
    for side in (-1, 1):
        body = _ellipse_distance(grid, side * 0.13, -0.02, 0.07 * scale, height * scale)
        horn = _ellipse_distance(grid, side * 0.2, -0.2 if plane is Plane.AXIAL else -0.1, 0.1 * scale, 0.06)
        values[np.minimum(body, horn) < 1] = 0.13


def _add_tumor(
    rng: np.random.Generator,
    grid: tuple[FloatImage, FloatImage],
    tissue: FloatImage,
    brain: NDArray[np.bool_],
    label: TumorClass,
    plane: Plane,
) -> tuple[FloatImage, NDArray[np.bool_]]:
    """Draw the tumour of the class into the slice; return the slice and the tumour mask."""
    angle, bright = rng.uniform(0, 2 * np.pi), rng.uniform(0.82, 0.98)
    if label is TumorClass.GLIOMA:
        offset, radius = rng.uniform(0.3, 0.55), rng.uniform(0.17, 0.27)
        distance = _blob_distance(rng, grid, offset * np.cos(angle), 0.85 * offset * np.sin(angle), radius, 0.2)
        tissue = np.where(brain & (distance < 1.6), tissue * 0.75, tissue)
        ring = np.where(distance < 0.68, 0.2, bright)
        mask = brain & (distance < 1)
        return np.where(mask, ring, tissue).astype(np.float32), mask
    if label is TumorClass.MENINGIOMA:
        angle = rng.uniform(np.pi, 2 * np.pi) if plane is not Plane.AXIAL else angle
        distance = _blob_distance(rng, grid, 0.74 * np.cos(angle), 0.74 * np.sin(angle), rng.uniform(0.16, 0.25), 0.04)
    elif label is TumorClass.PITUITARY:
        x, y = _SELLA_POSITIONS[plane]
        x, y = x + rng.uniform(-0.04, 0.04), y + rng.uniform(-0.03, 0.03)
        distance = _blob_distance(rng, grid, x, y, rng.uniform(0.09, 0.13), 0.06)
    else:
        return tissue, np.zeros_like(brain)
    mask = brain & (distance < 1)
    return np.where(mask, bright, tissue).astype(np.float32), mask


def _blob_distance(
    rng: np.random.Generator, grid: tuple[FloatImage, FloatImage], x: float, y: float, radius: float, roughness: float
) -> FloatImage:
    """Return the distance from the centre of a blob in radii; `roughness` makes its edge irregular."""
    dx, dy = grid[0] - np.float32(x), grid[1] - np.float32(y)
    angle = np.arctan2(dy, dx)
    edge = np.ones_like(angle)
    for frequency in (2, 3, 5):
        edge += np.float32(roughness * rng.uniform(0.3, 1.0)) * np.sin(frequency * angle + rng.uniform(0, 2 * np.pi))
    return (np.hypot(dx, dy) / (radius * edge)).astype(np.float32)
