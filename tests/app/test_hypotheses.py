"""The Hypotheses page shows status, numbers and missing commands of each hypothesis."""

import json
import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from braintumor.settings import Settings
from tests.app.conftest import Open, words


def _statuses(app: AppTest) -> list[str]:
    """Return the badge of each hypothesis, in order."""
    return [m.value.split(": ")[1].rstrip("]") for m in app.markdown if "-badge[" in m.value]


def _write(folder: Path, **metrics: tuple[float, float, float]) -> None:
    path = folder / "evaluation.json"
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    for name, (value, low, high) in metrics.items():
        evaluation["test"][name] = {"value": value, "low": low, "high": high, "n": 1000, "groups": 100}
    path.write_text(json.dumps(evaluation), encoding="utf-8")


def test_six_hypotheses_are_shown(artifacts: Settings, open_page: Open) -> None:
    assert len(_statuses(open_page("hypotheses"))) == 6


def test_experiments_are_shown_with_their_figures(artifacts: Settings, open_page: Open) -> None:
    before = open_page("hypotheses")
    _experiments(artifacts.outputs)
    app = open_page("hypotheses")
    assert [_statuses(app)[i] for i in (1, 4, 5)] == ["Supported", "Not supported", "Supported"]
    assert len(app.get("plotly_chart")) == len(before.get("plotly_chart")) + 5
    assert "the error rate is proportional to the share to the power of \N{MINUS SIGN}0.40" in words(app)
    assert "By seed: accuracy 90.0%, 91.0% with, 85.0%, 84.0% without." in words(app)


def _experiments(outputs: Path) -> None:
    def entry(value: float, half: float = 0.02) -> dict[str, float]:
        return {"value": value, "low": value - half, "high": value + half, "n": 1000, "groups": 100}

    training = {"base": "Some network", "side": 96, "epochs": 8, "seeds": 2}
    growth = {f"accuracy@share:{s}": entry(a) for s, a in (("0.1", 0.7), ("0.5", 0.8), ("1", 0.9))}
    growth |= {"gain@from:0.1": entry(0.2), "gain@from:0.5": entry(0.1), "exponent": entry(0.4)}
    experiments = {
        "visible": ({"told": entry(0.6)}, {"chance": 0.3, "p": 0.001, "null": [0.2, 0.25, 0.3]}),
        "augmentation": (
            {"accuracy": entry(0.06), "external_sensitivity": entry(0.1)},
            training | {"by_seed": {"accuracy": [[0.9, 0.91], [0.85, 0.84]]}},
        ),
        "masks": ({"pointing_game": entry(-0.1), "external_sensitivity": entry(0.1)}, training),
        "growth": (growth | {"error@share:1": entry(0.1)}, training | {"shares": [0.1, 0.5, 1.0]}),
    }
    content = {"experiments": {name: {"metrics": m, "facts": f} for name, (m, f) in experiments.items()}}
    (outputs / "experiments").mkdir(exist_ok=True)
    (outputs / "experiments" / "hypotheses.json").write_text(json.dumps(content), encoding="utf-8")


def test_hypothesis_that_holds_is_supported(artifacts: Settings, open_page: Open) -> None:
    _write(
        artifacts.outputs / "v1", tumor_sensitivity=(0.992, 0.985, 0.996), tumor_specificity=(0.98, 0.96, 0.99),
        macro_f1=(0.97, 0.96, 0.98), accuracy=(0.97, 0.96, 0.98),
    )  # fmt: skip
    _write(artifacts.outputs / "runs/v1/random-seed1", macro_f1=(0.995, 0.993, 0.998))
    _write(artifacts.outputs / "runs/v1/official-seed1", macro_f1=(0.996, 0.993, 0.998))
    assert [_statuses(open_page("hypotheses"))[i] for i in (2, 3)] == ["Supported"] * 2


def test_hypothesis_may_fail(artifacts: Settings, open_page: Open) -> None:
    _write(artifacts.outputs / "v1", macro_f1=(0.87, 0.81, 0.92), tumor_specificity=(0.8, 0.7, 0.9))
    app = open_page("hypotheses")
    assert _statuses(app)[2] == "Not supported"
    assert "The whole confidence interval is below the target: macro F1" in words(app)
    assert "87.0% (95% CI 81.0 to 92.0; 1,000 images, 100 patient groups)" in words(app)


def test_missing_run_is_undecided_with_its_command(artifacts: Settings, open_page: Open) -> None:
    shutil.rmtree(artifacts.outputs / "runs/v1/official-seed1")
    app = open_page("hypotheses")
    assert _statuses(app)[3] == "Undecided"
    assert "braintumor train v1 --protocol official" in words(app)
    assert "--protocol random" not in words(app)


def test_without_results_every_hypothesis_is_undecided(empty: Settings, open_page: Open) -> None:
    app = open_page("hypotheses")
    assert _statuses(app) == ["Undecided"] * 6
    assert "braintumor explore" in words(app)
