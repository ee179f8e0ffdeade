"""A study goes on where it was, measures again what is of another model, and keeps a sentence where it cannot."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from braintumor.cli import build_parser
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.runner import CHECKS, run_stress_test
from braintumor.inference import load_artifact
from braintumor.results.study import model_fingerprint, read_checks, read_external_split
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version

ONE = {"value": 0.9, "low": 0.8, "high": 1.0, "n": 10, "groups": 5}


@pytest.fixture
def version(workspace: Settings) -> Settings:
    folder = write_version(workspace.outputs)
    (folder / "evaluation.json").write_text('{"test": {}}', encoding="utf-8")
    return workspace


def _counting(calls: list[str], name: str) -> Callable[[StressTestContext], CheckResult]:
    def measure(_: StressTestContext) -> CheckResult:
        calls.append(name)
        return CheckResult({"roc_auc": dict(ONE)})

    return measure


def _fails(_: StressTestContext) -> CheckResult:
    raise KeyboardInterrupt


def _cannot(_: StressTestContext) -> CheckResult:
    raise NotMeasurableError("There are no pictures.")


def test_a_killed_study_goes_on_where_it_was(version: Settings) -> None:
    calls: list[str] = []
    first = {"outside": _counting(calls, "outside"), "novelty": _fails}
    with pytest.raises(KeyboardInterrupt):
        run_stress_test("v1", version, checks=first)
    said = run_stress_test("v1", version, checks=first | {"novelty": _counting(calls, "novelty")})
    assert calls == ["outside", "novelty"]
    assert "outside: kept." in said
    run_stress_test("v1", version, checks=first | {"novelty": _counting(calls, "novelty")}, restart=True)
    assert calls == ["outside", "novelty"] * 2


def test_new_thresholds_measure_again(version: Settings) -> None:
    calls: list[str] = []
    stages = {"outside": _counting(calls, "outside")}
    run_stress_test("v1", version, checks=stages)
    assert read_external_split(load_artifact("v1", version)) == {"roc_auc": ONE}
    _change_card(version, thresholds={"low": 0.1, "high": 0.2})
    assert read_external_split(load_artifact("v1", version)) == {}
    run_stress_test("v1", version, checks=stages)
    assert calls == ["outside"] * 2


def test_another_decision_is_another_model_and_none_changes_nothing() -> None:
    card = {"files": {"model.onnx": "a"}, "temperature": 1.0}
    assert model_fingerprint(card) == model_fingerprint(card | {"decision": None})
    assert len({model_fingerprint(card | {"decision": {"threshold": t}}) for t in (None, 0.4, 0.5)}) == 3


def test_what_cannot_be_measured_is_said_and_tried_again(version: Settings) -> None:
    assert "There are no pictures." in run_stress_test("v1", version, checks={"outside": _cannot})
    folder = version.outputs / "v1"
    assert read_checks(folder)["outside"]["skipped"] == "There are no pictures."
    assert json.loads((folder / "evaluation.json").read_text()) == {"test": {}}
    calls: list[str] = []
    run_stress_test("v1", version, checks={"outside": _counting(calls, "outside")})
    assert calls == ["outside"]


def test_the_outside_split_stands_beside_the_others_and_the_card_vouches_for_both(version: Settings) -> None:
    run_stress_test("v1", version, checks={"outside": _counting([], "outside")})
    folder = version.outputs / "v1"
    assert json.loads((folder / "evaluation.json").read_text()) == {"test": {}, "outside": {"roc_auc": ONE}}
    files = json.loads((folder / "card.json").read_text())["files"]
    for name in ("study.json", "evaluation.json"):
        assert files[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_every_stage_has_its_place_and_a_command() -> None:
    assert list(CHECKS) == ["outside", "novelty", "origin", "robustness", "sanity", "latency"]
    assert build_parser().parse_args(["study", "v1", "--restart"]).restart


def _change_card(settings: Settings, **changes: Any) -> None:
    path = settings.outputs / "v1" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")
