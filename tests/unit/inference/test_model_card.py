"""Model cards: read and written without loss, tolerant of missing sections for display, strict about entries."""

import json
from pathlib import Path
from typing import Any

import pytest

from braintumor.enums import CLASSES, Task
from braintumor.errors import ArtifactError
from braintumor.inference import list_models, load_artifact
from braintumor.inference.model_card import (
    CARD_FILE,
    ModelCard,
    parse_card,
    read_card,
    read_card_for_display,
    update_card,
    write_card,
)
from braintumor.settings import Settings, get_settings
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.versions.tiny import write_version

COMMITTED = sorted(get_settings().outputs.rglob(CARD_FILE))
MINIMAL = MINIMAL_CARD | {"files": {"model.onnx": "a"}}


def _fingerprint(**changes: Any) -> str:
    return ModelCard.model_validate(MINIMAL | changes).fingerprint


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_committed_card_is_written_back_byte_for_byte(path: Path, tmp_path: Path) -> None:
    write_card(tmp_path, parse_card(path.read_text(encoding="utf-8"), "v1"))
    assert (tmp_path / CARD_FILE).read_bytes() == path.read_bytes()


def test_committed_cards_have_no_unknown_keys() -> None:
    assert COMMITTED
    for path in COMMITTED:
        assert not parse_card(path.read_text(encoding="utf-8"), "v1").model_extra, path


def test_unknown_keys_are_kept_in_their_place() -> None:
    content = {"note": "by hand"} | MINIMAL
    content["data"] = {"fingerprint": "f", "counts": {}, "groups": {}, "weather": "fine"}
    assert list(ModelCard.model_validate(content).to_dict().items()) == list(content.items())


def test_missing_sections_have_neutral_values() -> None:
    card = ModelCard.model_validate(MINIMAL)
    assert (card.task, card.tta_views, card.binary_threshold, card.ood) == (Task.FOUR_CLASS, 1, None, None)
    assert (card.mask_fusion.label, card.mask_fusion.mask) == (1.0, 0.0)
    assert card.conformal_quantiles == dict.fromkeys(CLASSES, 0.8)


def test_binary_threshold_is_one_half_until_it_is_fitted() -> None:
    card = MINIMAL | {"task": "tumor"}
    assert ModelCard.model_validate(card).binary_threshold == 0.5
    assert ModelCard.model_validate(card | {"decision": {"threshold": 0.4}}).binary_threshold == 0.4
    assert ModelCard.model_validate(MINIMAL | {"decision": {"threshold": 0.4}}).binary_threshold is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"input": MINIMAL["input"] | {"rotate": 90}}, "input"),
        ({"fusion": {"label": 1.0, "sharpness": 2.0}}, "fusion"),
        ({"conformal": {"level": 0.95, "quantiles": {"glioma": 0.5}}}, "conformal"),
        ({"views": {"count": 3}}, "views.count"),
    ],
)
def test_entry_that_would_change_predictions_silently_is_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ArtifactError, match=rf"not valid \({key}.*braintumor evaluate v1"):
        parse_card(json.dumps(MINIMAL | changes), "v1")


def test_display_leaves_out_sections_that_are_not_valid(tmp_path: Path) -> None:
    path = tmp_path / CARD_FILE
    path.write_text(json.dumps(MINIMAL | {"training": 3, "seed": 7}), encoding="utf-8")
    card = read_card_for_display(path)
    assert card is not None
    assert (card.training.seconds, card.seed) == (None, 7)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", '{"version": "v1"}'])
def test_display_has_no_card_where_the_rest_is_not_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / CARD_FILE).write_text(text, encoding="utf-8")
    assert read_card_for_display(tmp_path / CARD_FILE) is None
    assert read_card_for_display(tmp_path / "absent.json") is None


def test_update_sets_entries_and_refreshes_hashes(workspace: Settings) -> None:
    folder = write_version(workspace.outputs, note="kept")
    (folder / "history.csv").write_text("epoch\n", encoding="utf-8")
    before = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    update_card("v1", workspace, temperature=2.0, views={"count": 2})
    after = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    assert list(after) == [*before, "views"]
    assert (after["temperature"], after["views"], after["note"]) == (2.0, {"count": 2}, "kept")
    assert set(after["files"]) == {"model.onnx", "history.csv"}
    assert after["files"]["model.onnx"] == before["files"]["model.onnx"]


@pytest.mark.parametrize("entries", [{"veiws": {"count": 2}}, {"views": {"count": 3}}, {"temperature": "warm"}])
def test_update_with_a_wrong_entry_writes_nothing(entries: dict[str, Any], workspace: Settings) -> None:
    folder = write_version(workspace.outputs)
    before = (folder / CARD_FILE).read_bytes()
    with pytest.raises(ValueError, match=next(iter(entries))):
        update_card("v1", workspace, **entries)
    assert (folder / CARD_FILE).read_bytes() == before


def test_version_without_a_card_is_named_with_its_command(workspace: Settings) -> None:
    with pytest.raises(ArtifactError, match=r"v9 has no readable card.*braintumor train v9"):
        read_card("v9", workspace)


def test_fingerprint_changes_with_what_decides_predictions() -> None:
    same = _fingerprint(created="later", intended_use="Tests.", decision=None)
    assert same == _fingerprint()
    changes: list[dict[str, Any]] = [
        {"thresholds": {"rule_out": 0.1, "rule_in": 0.3}},
        {"files": {"model.onnx": "b"}},
        {"temperature": 2.0},
        {"views": {"count": 2}},
        {"fusion": {"mask": 1.0}},
        {"decision": {"threshold": 0.4}},
        {"decision": {"threshold": 0.5}},
        {"ood": {"residual": 1.0, "unusual_at": 1.0, "reject_at": 2.0}},
        {"members": [{"version": "a", "weight": 1.0, "temperature": 1.0, "sha256": "a"}]},
    ]
    assert len({same, *(_fingerprint(**change) for change in changes)}) == 1 + len(changes)


def test_only_weights_learned_from_a_non_commercial_set_are_non_commercial() -> None:
    restricted = {name for name in list_models() if load_artifact(name).card.data.is_non_commercial}
    assert restricted == {"v5-lgg"}
