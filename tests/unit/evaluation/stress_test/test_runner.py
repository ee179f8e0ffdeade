"""A stress test resumes where it was interrupted, repeats outdated checks, and reports what it cannot measure."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from braintumor.cli import build_parser
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.runner import CHECKS, run_stress_test
from braintumor.inference import load_artifact
from braintumor.results.stress_test import read_checks, read_external_split
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version

ENTRY = {"value": 0.9, "low": 0.8, "high": 1.0, "n": 10, "groups": 5}


@pytest.fixture
def version(workspace: Settings) -> Settings:
    folder = write_version(workspace.outputs)
    (folder / "evaluation.json").write_text('{"test": {}}', encoding="utf-8")
    return workspace


def _counting(calls: list[str], name: str) -> Callable[[StressTestContext], CheckResult]:
    def measure(_: StressTestContext) -> CheckResult:
        calls.append(name)
        return CheckResult({"roc_auc": dict(ENTRY)})

    return measure


def _interrupt(_: StressTestContext) -> CheckResult:
    raise KeyboardInterrupt


def _raise_not_measurable(_: StressTestContext) -> CheckResult:
    raise NotMeasurableError("There are no images.")


def test_interrupted_run_is_resumed(version: Settings) -> None:
    calls: list[str] = []
    first = {"external": _counting(calls, "external"), "ood": _interrupt}
    with pytest.raises(KeyboardInterrupt):
        run_stress_test("v1", version, checks=first)
    output = run_stress_test("v1", version, checks=first | {"ood": _counting(calls, "ood")})
    assert calls == ["external", "ood"]
    assert "external: already measured." in output
    run_stress_test("v1", version, checks=first | {"ood": _counting(calls, "ood")}, restart=True)
    assert calls == ["external", "ood"] * 2


def test_new_thresholds_repeat_the_checks(version: Settings) -> None:
    calls: list[str] = []
    checks = {"external": _counting(calls, "external")}
    run_stress_test("v1", version, checks=checks)
    assert read_external_split(load_artifact("v1", version)) == {"roc_auc": ENTRY}
    _change_card(version, thresholds={"rule_out": 0.1, "rule_in": 0.2})
    assert read_external_split(load_artifact("v1", version)) == {}
    run_stress_test("v1", version, checks=checks)
    assert calls == ["external"] * 2


def test_not_measurable_check_is_reported_and_tried_again(version: Settings) -> None:
    assert "There are no images." in run_stress_test("v1", version, checks={"external": _raise_not_measurable})
    folder = version.outputs / "v1"
    assert read_checks(folder)["external"]["skipped"] == "There are no images."
    assert json.loads((folder / "evaluation.json").read_text()) == {"test": {}}
    calls: list[str] = []
    run_stress_test("v1", version, checks={"external": _counting(calls, "external")})
    assert calls == ["external"]


def test_external_split_is_added_and_hashes_are_updated(version: Settings) -> None:
    run_stress_test("v1", version, checks={"external": _counting([], "external")})
    folder = version.outputs / "v1"
    assert json.loads((folder / "evaluation.json").read_text()) == {"test": {}, "external": {"roc_auc": ENTRY}}
    files = json.loads((folder / "card.json").read_text())["files"]
    for name in ("stress_test.json", "evaluation.json"):
        assert files[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_checks_have_a_fixed_order() -> None:
    assert list(CHECKS) == [
        "external", "sources", "studies", "ood", "domain_probe", "robustness", "turns", "overlays", "sanity", "latency",
    ]  # fmt: skip
    assert build_parser().parse_args(["stress-test", "v1", "--restart"]).restart


def _change_card(settings: Settings, **changes: Any) -> None:
    path = settings.outputs / "v1" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")
