"""Public names of the package: light to import, and the same objects as in their modules."""

import subprocess
import sys

import pytest

import braintumor
from braintumor import inference

HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "onnx", "streamlit"}


def _loaded_by(statement: str) -> set[str]:
    """Return the modules loaded by a statement in a new Python process."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_loads_no_subpackage_and_no_library() -> None:
    loaded = _loaded_by("import braintumor")
    assert {name for name in loaded if name.split(".")[0] == "braintumor"} == {"braintumor"}
    assert not {"numpy", "onnxruntime", "pydantic", *HEAVY} & loaded


def test_detector_needs_neither_tensorflow_nor_streamlit() -> None:
    loaded = _loaded_by("from braintumor import Detector, predict_image")
    assert "onnxruntime" in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", ["Detection", "Detector", "predict_image"])
def test_public_names_are_those_of_inference(name: str) -> None:
    assert getattr(braintumor, name) is getattr(inference, name)
    assert name in dir(braintumor)


def test_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detektor'"):
        _ = braintumor.Detektor
