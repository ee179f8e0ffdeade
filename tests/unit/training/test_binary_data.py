"""Training data of the yes/no set: frames of its own folder, and tumours that have no kind."""

import numpy as np
import pytest

from braintumor.datasets.binary_set import binary_set_folder, load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import CLASS_NAMES, UNKNOWN_TYPE_INDEX, Protocol, Split
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings
from braintumor.training.data import load_binary_data
from braintumor.training.frame_cache import load_model_inputs

CONTRACT = InputSpec(height=48, width=48)


@pytest.fixture
def placed(workspace: Settings) -> Settings:
    """Settings whose inputs hold a tiny yes/no set."""
    write_binary_phantoms(binary_set_folder(workspace), 10)
    return workspace.model_copy(update={"workers": 1})


def test_frames_and_labels_are_in_the_order_of_the_manifest(placed: Settings) -> None:
    data = load_binary_data(CONTRACT, Protocol.GROUP, placed)
    assert data.model_inputs.shape == (20, 48, 48)
    row = data.manifest["path"].tolist().index("yes/Y3.png")
    wanted, _ = preprocess(read_scan(binary_set_folder(placed) / "yes" / "Y3.png"), CONTRACT)
    assert np.array_equal(data.model_inputs[row], wanted)
    healthy = (data.manifest["label"] == "notumor").to_numpy()
    assert set(data.labels[healthy]) == {CLASS_NAMES.index("notumor")}
    assert set(data.labels[~healthy]) == {UNKNOWN_TYPE_INDEX}
    assert data.masks is None


def test_every_picture_is_in_a_split_and_each_protocol_has_its_fingerprint(placed: Settings) -> None:
    data = load_binary_data(CONTRACT, Protocol.RANDOM, placed)
    assert sorted(np.concatenate([data.split_rows(split) for split in Split])) == list(range(20))
    assert data.fingerprint() != load_binary_data(CONTRACT, Protocol.GROUP, placed).fingerprint()


def test_the_official_protocol_is_refused(placed: Settings) -> None:
    with pytest.raises(DatasetError, match="no official split"):
        load_binary_data(CONTRACT, Protocol.OFFICIAL, placed)


def test_a_picture_gone_since_says_which_command_helps(placed: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, placed)
    (binary_set_folder(placed) / "yes" / "Y3.png").unlink()
    with pytest.raises(DatasetError, match="braintumor data fetch --dataset binary"):
        load_model_inputs(manifest, CONTRACT, placed, BINARY_SET)
