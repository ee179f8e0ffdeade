"""Binary image set: manifest, groups of near-duplicates, splits, and its cache."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from braintumor.datasets.binary_set import BINARY_SPLIT_COUNTS, binary_set_folder, load_binary_manifest, read_binary_set
from braintumor.datasets.manifest import MANIFEST_COLUMNS
from braintumor.datasets.phantom_sets import write_binary_phantoms
from braintumor.enums import Protocol, Split
from braintumor.errors import DatasetError
from braintumor.settings import Settings

PER_LABEL = 20


@pytest.fixture(scope="module")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms with one invalid image."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_binary_phantoms(folder, PER_LABEL)
    (folder / "yes" / "broken.png").write_bytes(b"not an image")
    return folder


@pytest.fixture
def settings(phantom_folder: Path, workspace: Settings) -> Settings:
    """Settings with the phantoms in their inputs."""
    shutil.copytree(phantom_folder, binary_set_folder(workspace))
    return workspace.model_copy(update={"workers": 1})


def test_manifest_has_labels_and_no_further_details(settings: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, settings)
    assert tuple(manifest) == MANIFEST_COLUMNS
    assert manifest["label"].value_counts().to_dict() == {"notumor": PER_LABEL, "tumor": PER_LABEL}
    assert manifest.set_index("path").loc["yes/Y1.png", "label"] == "tumor"
    assert set(manifest["origin"]) == {"navoneel"}
    assert set(manifest["plane"]) == {"unknown"}
    assert not manifest["has_mask"].any()
    assert "yes/broken.png" not in set(manifest["path"])


def test_image_copy_and_mirrored_copy_share_a_group(settings: Settings) -> None:
    groups = read_binary_set(settings).manifest.set_index("path")["group"]
    copy, mirrored = f"yes/Y{PER_LABEL - 1}.png", f"yes/Y{PER_LABEL}.png"
    assert groups["yes/Y1.png"] == groups[copy] == groups[mirrored]
    assert groups["yes/Y1.png"] != groups["no/N1.png"]


def test_group_protocol_keeps_near_duplicates_in_one_split(settings: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, settings)
    assert (manifest.groupby("group")["split"].nunique() == 1).all()
    assert set(manifest["split"]) == {str(split) for split in Split}


def test_random_protocol_has_fixed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ["notumor"] * 98 + ["tumor"] * 155
    manifest = pd.DataFrame({"label": labels, "group": [f"g{i}" for i in range(253)], "original_split": ""})
    monkeypatch.setattr("braintumor.datasets.binary_set._load_cached_manifest", lambda _: manifest)
    counts = load_binary_manifest(Protocol.RANDOM, Settings())["split"].value_counts().to_dict()
    assert counts == {"train": 176, "validation": 26, "test": 51} == {str(s): n for s, n in BINARY_SPLIT_COUNTS.items()}


def test_split_depends_only_on_the_seed(settings: Settings) -> None:
    first, second, other = (load_binary_manifest(Protocol.RANDOM, settings, seed)["split"] for seed in (0, 0, 1))
    assert first.equals(second)
    assert not first.equals(other)


def test_official_protocol_raises_an_error() -> None:
    with pytest.raises(DatasetError, match=r"no official split.*group, or random"):
        load_binary_manifest(Protocol.OFFICIAL, Settings())


def test_manifest_is_cached_until_a_file_changes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_binary_manifest(Protocol.GROUP, settings)
    with monkeypatch.context() as patched:
        patched.setattr("braintumor.datasets.binary_set.read_binary_set", None)
        pd.testing.assert_frame_equal(load_binary_manifest(Protocol.GROUP, settings), before)
    (binary_set_folder(settings) / "no" / "N5.png").unlink()
    assert len(load_binary_manifest(Protocol.GROUP, settings)) == len(before) - 1


def test_error_for_a_missing_set_names_the_download_command(workspace: Settings) -> None:
    with pytest.raises(DatasetError, match="braintumor data fetch --dataset binary"):
        load_binary_manifest(Protocol.GROUP, workspace)


def test_too_few_phantoms_raise_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 4"):
        write_binary_phantoms(tmp_path, 3)
