"""The front of the package: light to import, and what it offers is what the rooms hold."""

import subprocess
import sys

import pytest

import braintumor
from braintumor import inference

HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "onnx", "streamlit"}


def _loaded_by(statement: str) -> set[str]:
    """Every module in memory after a statement, in a Python of its own."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_loads_no_room_and_no_library() -> None:
    loaded = _loaded_by("import braintumor")
    assert {name for name in loaded if name.split(".")[0] == "braintumor"} == {"braintumor"}
    assert not {"numpy", "onnxruntime", "pydantic", *HEAVY} & loaded


def test_a_detector_needs_neither_tensorflow_nor_streamlit() -> None:
    loaded = _loaded_by("from braintumor import Detector, predict_image")
    assert "onnxruntime" in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", ["Detection", "Detector", "predict_image"])
def test_what_is_offered_is_what_the_room_holds(name: str) -> None:
    assert getattr(braintumor, name) is getattr(inference, name)
    assert name in dir(braintumor)


def test_what_is_not_offered_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detektor'"):
        _ = braintumor.Detektor
