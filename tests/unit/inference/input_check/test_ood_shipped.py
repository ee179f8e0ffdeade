"""Shipped out-of-distribution score: kinds of images it was not developed on are rejected or at least uncertain."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from PIL import Image, ImageDraw, ImageOps

from braintumor.enums import Verdict
from braintumor.imaging import read_scan
from braintumor.inference import Detector

WORDS = ("patient", "shows", "lesion", "the", "of", "was", "scan", "without", "contrast", "normal")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("v4")


def _page() -> Image.Image:
    image = Image.new("L", (600, 800), 255)
    pen, generator = ImageDraw.Draw(image), np.random.default_rng(0)
    for line in range(33):
        pen.text((40, 40 + 22 * line), " ".join(generator.choice(WORDS, 10)), fill=0)
    return image


def _form() -> Image.Image:
    image = Image.new("RGB", (800, 600), (250, 250, 245))
    pen = ImageDraw.Draw(image)
    for line in range(12):
        pen.rectangle((40, 40 + line * 45, 760, 75 + line * 45), outline=(30, 60, 120), width=2)
        pen.text((50, 50 + line * 45), f"Field {line}: value {line**5}", fill=(0, 0, 0))
    return image


def _face() -> Image.Image:
    image = Image.new("L", (512, 512), 255)
    pen = ImageDraw.Draw(image)
    for box in ((100, 60, 410, 460), (170, 180, 220, 210), (290, 180, 340, 210)):
        pen.ellipse(box, outline=0, width=6)
    pen.arc((190, 280, 320, 380), 0, 180, fill=0, width=6)
    pen.line((255, 220, 240, 290), fill=0, width=4)
    return image


def _chart() -> Image.Image:
    image = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(image)
    for bar in range(8):
        pen.rectangle((60 + bar * 65, 440 - 40 * (bar + 1), 105 + bar * 65, 440), fill=(30 * bar, 120, 255 - 30 * bar))
    pen.line((50, 40, 50, 440, 620, 440), fill="black", width=3)
    return image


def _code() -> Image.Image:
    cells = np.random.default_rng(1).random((33, 33)) > 0.5
    return Image.fromarray(cells.astype(np.uint8) * 255).resize((396, 396), Image.Resampling.NEAREST)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("draw", [_page, _form, _face, _chart, _code])
def test_documents_and_drawings_are_rejected_with_a_reason(
    draw: Callable[[], Image.Image], inverted: bool, detector: Detector
) -> None:
    image = draw().convert("L")
    detection = detector.detect(read_scan(np.asarray(ImageOps.invert(image) if inverted else image)))
    assert detection.verdict == Verdict.NOT_BRAIN_MRI
    assert re.match(r"Out-of-distribution score 0\.\d\d \(rejected at 0\.50 or above\)", detection.reason)


@pytest.mark.parametrize(
    ("file", "verdicts"),
    [
        ("CT_small.dcm", {Verdict.NOT_BRAIN_MRI}),
        ("examples_jpeg2k.dcm", {Verdict.NOT_BRAIN_MRI}),  # ultrasound
        ("JPEG2000.dcm", {Verdict.NOT_BRAIN_MRI}),  # a bone scan
        ("J2K_pixelrep_mismatch.dcm", {Verdict.NOT_BRAIN_MRI}),  # CT of a head, which looks much like MRI
        ("examples_overlay.dcm", {Verdict.NOT_BRAIN_MRI, Verdict.UNCERTAIN}),  # MRI of an abdomen
    ],
)
def test_other_modalities_and_organs_get_no_tumor_verdict(
    file: str, verdicts: set[Verdict], detector: Detector
) -> None:
    path = Path(str(pydicom.data.get_testdata_file(file, download=False)))
    assert detector.detect(path).verdict in verdicts
