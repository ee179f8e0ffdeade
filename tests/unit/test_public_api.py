"""Public names of the package: light to import, and the same objects as in their modules."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import braintumor
from braintumor import inference
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES

HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "onnx", "streamlit"}
# Not needed to read one image, and slow to import.
UNUSED = {
    "pandas",
    "plotly",
    "typst",
    "nibabel",
    "pydicom",
    "scipy",
    "tqdm",
    "concurrent",
    "multiprocessing",
    *HEAVY,
}
UNUSED_MODULES = {
    f"braintumor.{name}" for name in ("imaging.dicom.reader", "inference.retrieval", "inference.ensemble")
}


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


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "phantom.jpg"
    Image.fromarray(make_phantom(CLASSES[0], 1, 160).pixels).save(path)
    return path


def test_detecting_in_one_image_loads_nothing_else(image: Path) -> None:
    loaded = _loaded_by(f"import braintumor; braintumor.Detector.load('v4').detect(open({str(image)!r}, 'rb').read())")
    assert "PIL.JpegImagePlugin" in loaded
    assert not UNUSED & {name.split(".")[0] for name in loaded}
    assert not UNUSED_MODULES & loaded


def test_predicting_one_image_loads_nothing_else(image: Path) -> None:
    loaded = _loaded_by(f"from braintumor.cli import main; main(['predict', {str(image)!r}, '--version', 'v4'])")
    assert "braintumor.services.batch_predict" in loaded
    assert not UNUSED & {name.split(".")[0] for name in loaded}


@pytest.mark.parametrize("name", ["Detection", "Detector", "predict_image"])
def test_public_names_are_those_of_inference(name: str) -> None:
    assert getattr(braintumor, name) is getattr(inference, name)
    assert name in dir(braintumor)


def test_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detektor'"):
        _ = braintumor.Detektor
