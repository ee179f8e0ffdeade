"""Training data of the binary set: images of its folder, and tumours of unknown type."""

import numpy as np
import pytest

from braintumor.datasets.binary_set import binary_set_folder, load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import CLASS_NAMES, UNKNOWN_TYPE_INDEX, Protocol, Split
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings
from braintumor.training.inputs.data import load_binary_data
from braintumor.training.inputs.input_cache import load_model_inputs

INPUT_SPEC = InputSpec(height=48, width=48)


@pytest.fixture
def binary_set(workspace: Settings) -> Settings:
    """Settings whose inputs contain a small binary set of phantoms."""
    write_binary_phantoms(binary_set_folder(workspace), 10)
    return workspace.model_copy(update={"workers": 1})


def test_images_and_labels_follow_the_manifest(binary_set: Settings) -> None:
    data = load_binary_data(INPUT_SPEC, Protocol.GROUP, binary_set)
    assert data.model_inputs.shape == (20, 48, 48)
    row = data.manifest["path"].tolist().index("yes/Y3.png")
    expected, _ = preprocess(read_scan(binary_set_folder(binary_set) / "yes" / "Y3.png"), INPUT_SPEC)
    assert np.array_equal(data.model_inputs[row], expected)
    tumor_free = (data.manifest["label"] == "notumor").to_numpy()
    assert set(data.labels[tumor_free]) == {CLASS_NAMES.index("notumor")}
    assert set(data.labels[~tumor_free]) == {UNKNOWN_TYPE_INDEX}
    assert data.masks is None


def test_every_image_is_in_a_split_and_protocols_differ(binary_set: Settings) -> None:
    data = load_binary_data(INPUT_SPEC, Protocol.RANDOM, binary_set)
    assert sorted(np.concatenate([data.split_rows(split) for split in Split])) == list(range(20))
    assert data.fingerprint() != load_binary_data(INPUT_SPEC, Protocol.GROUP, binary_set).fingerprint()


def test_official_protocol_is_rejected(binary_set: Settings) -> None:
    with pytest.raises(DatasetError, match="no official split"):
        load_binary_data(INPUT_SPEC, Protocol.OFFICIAL, binary_set)


def test_missing_image_names_the_command(binary_set: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, binary_set)
    (binary_set_folder(binary_set) / "yes" / "Y3.png").unlink()
    with pytest.raises(DatasetError, match="braintumor data fetch --dataset binary"):
        load_model_inputs(manifest, INPUT_SPEC, binary_set, BINARY_SET)
