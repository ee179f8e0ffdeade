"""Training data of the yes/no set: frames of its own folder, and tumours that have no kind."""

import numpy as np
import pytest

from braintumor.dataset.sets import YES_NO
from braintumor.dataset.yes_no import yes_no_folder, yes_no_manifest
from braintumor.dataset.yes_no_phantoms import write_yes_no_phantoms
from braintumor.errors import DatasetError
from braintumor.imaging import InputContract, read_scan, standardize
from braintumor.settings import Settings
from braintumor.training.frames import load_frames
from braintumor.training.yes_no import load_yes_no
from braintumor.vocabulary import CLASS_NAMES, UNKNOWN_KIND, Protocol, Split

CONTRACT = InputContract(height=48, width=48)


@pytest.fixture
def placed(workspace: Settings) -> Settings:
    """Settings whose inputs hold a tiny yes/no set."""
    write_yes_no_phantoms(yes_no_folder(workspace), 10)
    return workspace.model_copy(update={"workers": 1})


def test_frames_and_labels_are_in_the_order_of_the_manifest(placed: Settings) -> None:
    data = load_yes_no(CONTRACT, Protocol.GROUP, placed)
    assert data.frames.shape == (20, 48, 48)
    row = data.manifest["path"].tolist().index("yes/Y3.png")
    wanted, _ = standardize(read_scan(yes_no_folder(placed) / "yes" / "Y3.png"), CONTRACT)
    assert np.array_equal(data.frames[row], wanted)
    healthy = (data.manifest["label"] == "notumor").to_numpy()
    assert set(data.labels[healthy]) == {CLASS_NAMES.index("notumor")}
    assert set(data.labels[~healthy]) == {UNKNOWN_KIND}
    assert data.masks is None


def test_every_picture_is_in_a_split_and_each_protocol_has_its_fingerprint(placed: Settings) -> None:
    data = load_yes_no(CONTRACT, Protocol.RANDOM, placed)
    assert sorted(np.concatenate([data.rows(split) for split in Split])) == list(range(20))
    assert data.fingerprint() != load_yes_no(CONTRACT, Protocol.GROUP, placed).fingerprint()


def test_the_official_protocol_is_refused(placed: Settings) -> None:
    with pytest.raises(DatasetError, match="no official split"):
        load_yes_no(CONTRACT, Protocol.OFFICIAL, placed)


def test_a_picture_gone_since_says_which_command_helps(placed: Settings) -> None:
    manifest = yes_no_manifest(Protocol.GROUP, placed)
    (yes_no_folder(placed) / "yes" / "Y3.png").unlink()
    with pytest.raises(DatasetError, match="run braintumor data fetch --yes-no"):
        load_frames(manifest, CONTRACT, placed, YES_NO)
