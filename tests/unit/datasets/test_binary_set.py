"""The yes/no set: read without kinds, near copies grouped, dealt as its first recipes did or by groups."""

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
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms, with a picture that is none."""
    folder = tmp_path_factory.mktemp("drawn")
    write_binary_phantoms(folder, PER_LABEL)
    (folder / "yes" / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def placed(drawn: Path, workspace: Settings) -> Settings:
    """Settings whose inputs hold the phantoms."""
    shutil.copytree(drawn, binary_set_folder(workspace))
    return workspace.model_copy(update={"workers": 1})


def test_a_row_says_what_is_known_and_no_more(placed: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, placed)
    assert tuple(manifest) == MANIFEST_COLUMNS
    assert manifest["label"].value_counts().to_dict() == {"notumor": PER_LABEL, "tumor": PER_LABEL}
    assert manifest.set_index("path").loc["yes/Y1.png", "label"] == "tumor"
    assert set(manifest["origin"]) == {"navoneel"}
    assert set(manifest["plane"]) == {"unknown"}
    assert not manifest["has_mask"].any()
    assert "yes/broken.png" not in set(manifest["path"])


def test_a_picture_its_copy_and_its_mirror_image_are_one_group(placed: Settings) -> None:
    groups = read_binary_set(placed).manifest.set_index("path")["group"]
    last, mirrored = f"yes/Y{PER_LABEL - 1}.png", f"yes/Y{PER_LABEL}.png"
    assert groups["yes/Y1.png"] == groups[last] == groups[mirrored]
    assert groups["yes/Y1.png"] != groups["no/N1.png"]


def test_the_group_protocol_keeps_near_copies_on_one_side(placed: Settings) -> None:
    manifest = load_binary_manifest(Protocol.GROUP, placed)
    assert (manifest.groupby("group")["split"].nunique() == 1).all()
    assert set(manifest["split"]) == {str(split) for split in Split}


def test_the_random_protocol_deals_as_the_first_recipes_did(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ["notumor"] * 98 + ["tumor"] * 155
    whole = pd.DataFrame({"label": labels, "group": [f"g{i}" for i in range(253)], "original_split": ""})
    monkeypatch.setattr("braintumor.datasets.binary_set._load_cached_manifest", lambda _: whole)
    counts = load_binary_manifest(Protocol.RANDOM, Settings())["split"].value_counts().to_dict()
    assert counts == {"train": 176, "validation": 26, "test": 51} == {str(s): n for s, n in BINARY_SPLIT_COUNTS.items()}


def test_the_same_seed_deals_the_same_and_another_another(placed: Settings) -> None:
    first, again, other = (load_binary_manifest(Protocol.RANDOM, placed, seed)["split"] for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)


def test_an_official_split_is_refused_in_a_sentence() -> None:
    with pytest.raises(DatasetError, match=r"no official split.*group, or random"):
        load_binary_manifest(Protocol.OFFICIAL, Settings())


def test_what_was_read_is_kept_until_a_file_changes(placed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_binary_manifest(Protocol.GROUP, placed)
    with monkeypatch.context() as patched:
        patched.setattr("braintumor.datasets.binary_set.read_binary_set", None)
        pd.testing.assert_frame_equal(load_binary_manifest(Protocol.GROUP, placed), before)
    (binary_set_folder(placed) / "no" / "N5.png").unlink()
    assert len(load_binary_manifest(Protocol.GROUP, placed)) == len(before) - 1


def test_an_absent_set_says_how_to_get_it(workspace: Settings) -> None:
    with pytest.raises(DatasetError, match="braintumor data fetch --dataset binary"):
        load_binary_manifest(Protocol.GROUP, workspace)


def test_too_few_phantoms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 4"):
        write_binary_phantoms(tmp_path, 3)
