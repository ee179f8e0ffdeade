"""The Hypotheses page: shows what the tests say, and may show a failure."""

import json
import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from braintumor.settings import Settings
from tests.app.conftest import Open, words


def _statuses(app: AppTest) -> list[str]:
    """The badge of each hypothesis, in order."""
    return [m.value.split(": ")[1].rstrip("]") for m in app.markdown if "-badge[" in m.value]


def _write(folder: Path, **metrics: tuple[float, float, float]) -> None:
    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    for name, (value, low, high) in metrics.items():
        evaluation["test"][name] = {"value": value, "low": low, "high": high, "n": 1000, "groups": 100}
    path.write_text(json.dumps(evaluation), encoding="utf-8")


def test_four_claims_are_weighed(artifacts: Settings, open_page: Open) -> None:
    app = open_page("hypotheses")
    assert len(_statuses(app)) == 4
    assert len(app.get("plotly_chart")) == 4


def test_a_claim_that_holds_is_supported(artifacts: Settings, open_page: Open) -> None:
    _write(
        artifacts.outputs / "v1", tumor_sensitivity=(0.992, 0.985, 0.996), tumor_specificity=(0.98, 0.96, 0.99),
        macro_f1=(0.97, 0.96, 0.98), accuracy=(0.97, 0.96, 0.98),
    )  # fmt: skip
    _write(artifacts.outputs / "v1-random", macro_f1=(0.995, 0.993, 0.998))
    _write(artifacts.outputs / "v1-official", macro_f1=(0.996, 0.993, 0.998))
    assert _statuses(open_page("hypotheses"))[1:] == ["Supported"] * 3


def test_a_claim_may_fail(artifacts: Settings, open_page: Open) -> None:
    _write(artifacts.outputs / "v1", macro_f1=(0.87, 0.81, 0.92), tumor_specificity=(0.8, 0.7, 0.9))
    app = open_page("hypotheses")
    assert _statuses(app)[1] == _statuses(app)[3] == "Not supported"
    assert "Below the bar with its whole interval: macro F1" in words(app)
    assert "87.0% (81.0 to 92.0)" in words(app)


def test_a_missing_comparison_is_undecided_and_names_its_command(artifacts: Settings, open_page: Open) -> None:
    shutil.rmtree(artifacts.outputs / "v1-official")
    app = open_page("hypotheses")
    assert _statuses(app)[2] == "Undecided"
    assert "braintumor train v1 --protocol official" in words(app)
    assert "--protocol random" not in words(app)


def test_nothing_measured_leaves_every_claim_undecided(empty: Settings, open_page: Open) -> None:
    app = open_page("hypotheses")
    assert _statuses(app) == ["Undecided"] * 4
    assert "braintumor explore" in words(app)
