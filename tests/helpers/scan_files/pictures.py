"""Pictures that are not plain slices: pages, sheets, screenshots and photographs, made from phantoms."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import Plane, TumorClass

Pixels = NDArray[np.uint8]


def draw_slice(seed: int = 1, size: int = 256, plane: Plane = Plane.AXIAL, is_tumor: bool = False) -> Pixels:
    """Return the pixels of a phantom; its background is black."""
    pixels = make_phantom(TumorClass.MENINGIOMA if is_tumor else TumorClass.NOTUMOR, seed, size, plane).pixels
    return np.where(pixels < 16, np.uint8(0), pixels)


def on_page(pixels: Pixels, margins: tuple[int, int, int, int], level: int = 255) -> Pixels:
    """Put a slice on a light page with margins (left, top, right, bottom)."""
    left, top, right, bottom = margins
    return np.pad(pixels, ((top, bottom), (left, right)), constant_values=level)


def make_sheet(rows: int, columns: int, side: int = 128, gap: int = 0, gap_level: int = 0) -> Pixels:
    """Arrange phantoms of all planes in rows and columns."""
    planes = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
    sheet = np.full((rows * (side + gap) - gap, columns * (side + gap) - gap), gap_level, np.uint8)
    for i in range(rows * columns):
        top, left = i // columns * (side + gap), i % columns * (side + gap)
        sheet[top : top + side, left : left + side] = draw_slice(i + 1, side, planes[i % 3])
    return sheet


def make_screenshot(theme: str) -> Pixels:
    """Draw the window of a viewer around a slice: `light`, `dark` or `side panel`."""
    level, ink = {"light": (240, 0), "dark": (62, 230), "side panel": (205, 20)}[theme]
    image = Image.new("L", (640, 480), level)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    left = 170 if theme != "dark" else 90
    viewport = Image.new(
        "L", (640 - left - (60 if theme == "light" else 0), 480 - 60 - (30 if theme == "light" else 0))
    )
    viewport.paste(Image.fromarray(draw_slice(3, 300)), (40, 50))
    image.paste(viewport, (left, 60))
    for i, word in enumerate(("File", "Edit", "View", "Image", "Tools", "Help")):
        draw.text((12 + 60 * i, 6), word, font=font, fill=ink)
        draw.rectangle((14 + 60 * i, 30, 34 + 60 * i, 50), outline=ink)
    for i in range(12):
        draw.text((10, 80 + 28 * i), f"Series {i + 1}", font=font, fill=ink)
    return np.array(image)


def photograph(pixels: Pixels, black: int, tilt: float, seed: int = 0) -> Pixels:
    """Photograph a slice on a screen: grey black, uneven light from a corner, noise."""
    height, width = pixels.shape
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    light = black + tilt * (0.7 * x + 0.3 * y)
    noise = np.random.default_rng(seed).normal(0, 2, pixels.shape)
    return np.clip(light + pixels * (0.55 + 0.2 * x) + noise, 0, 255).astype(np.uint8)
