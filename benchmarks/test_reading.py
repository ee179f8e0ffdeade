"""Time of each step of one prediction; run with `pytest benchmarks`, compare with --benchmark-autosave and -compare.

No test fails on an absolute time, because machines differ. `benchmarks.baseline` compares with the original project.
"""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASS_NAMES, CLASSES
from braintumor.imaging import InputSpec, preprocess, read_scan, to_batch
from braintumor.imaging.overlay import draw_overlay
from braintumor.inference import Detector
from braintumor.reporting.csv_export import csv_row, to_csv
from braintumor.services.file_groups import group_paths
from braintumor.services.reading import ReadingService
from braintumor.settings import Settings
from tests.helpers.tiny_model import CONTRACT, build, fit


def encode_phantom(size: int, is_color: bool, image_format: str) -> bytes:
    image = Image.fromarray(np.asarray(make_phantom(CLASSES[0], 1, size).pixels))
    content = io.BytesIO()
    (image.convert("RGB") if is_color else image).save(content, image_format)
    return content.getvalue()


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """The shipped v1 if it is present, otherwise a tiny model: the other steps take the same time."""
    if (Settings().outputs / "v1" / "model.onnx").is_file():
        return Detector.load("v1", Settings(threads=1))
    outputs = tmp_path_factory.mktemp("outputs")
    (outputs / "v1").mkdir()
    model = build(*fit())
    (outputs / "v1" / "model.onnx").write_bytes(model)
    card = {
        "version": "v1", "input": CONTRACT.to_dict(), "classes": CLASS_NAMES, "temperature": 1.0,
        "thresholds": {"rule_out": 0.4, "rule_in": 0.6}, "conformal": {"quantile": 0.9},
        "files": {"model.onnx": hashlib.sha256(model).hexdigest()},
    }  # fmt: skip
    (outputs / "v1" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return Detector.load("v1", Settings(outputs=outputs, threads=1))


@pytest.mark.parametrize("kind", ["gray-JPEG", "color-JPEG", "gray-PNG"])
def test_read(benchmark, kind):
    color, image_format = kind.split("-")
    content = encode_phantom(512, color == "color", image_format)
    assert benchmark(read_scan, content).width == 512


def test_preprocess(benchmark):
    scan = read_scan(encode_phantom(512, False, "PNG"))
    model_input, _ = benchmark(preprocess, scan, InputSpec(150, 150))
    assert model_input.shape == (150, 150)


def test_to_batch(benchmark):
    model_inputs = np.zeros((32, 150, 150), np.uint8)
    assert benchmark(to_batch, model_inputs, InputSpec(150, 150)).shape == (32, 150, 150, 3)


def test_infer(benchmark, detector):
    model_inputs = np.zeros((1, 150, 150), np.uint8)
    logits, _ = benchmark(detector.infer, model_inputs)
    assert logits.shape == (1, len(CLASSES))


def test_detect(benchmark, detector):
    content = encode_phantom(512, False, "JPEG")
    assert benchmark(detector.detect, content).model_version == detector.version


def test_heat_map_and_overlay(benchmark, detector):
    scan = read_scan(encode_phantom(512, False, "JPEG"))
    detection = detector.detect(scan)
    assert benchmark(lambda: draw_overlay(scan.to_uint8(), detection.heat_map)).shape == (512, 512, 3)


def test_csv_of_a_thousand_rows(benchmark, detector):
    rows = [csv_row(detector.detect(encode_phantom(512, False, "JPEG")))] * 1000
    assert benchmark(to_csv, rows).count("\n") == 1001


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_forty_files(benchmark, detector, tmp_path: Path, workers):
    content = encode_phantom(512, True, "JPEG")
    files = [str(tmp_path / f"{number}.jpg") for number in range(40)]
    for file in files:
        Path(file).write_bytes(content)
    service = ReadingService(detector, workers)
    assert len(benchmark(lambda: list(service.read(group_paths(files))))) == 40
