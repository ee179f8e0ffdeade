"""Pages, README and docs/results.md state the same numbers, on the committed outputs."""

import json
from pathlib import Path

import pytest

from braintumor.datasets.split_leakage import read_official_split, summarize_official_split
from braintumor.enums import Split
from braintumor.results.version import read_version_report
from braintumor.settings import get_settings
from tests.app.conftest import Open, use, words

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _committed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")  # the default version
    use(root / "inputs", root / "outputs", monkeypatch)


def test_near_duplicates_are_counted_alike(open_page: Open, root: Path) -> None:
    audit = json.loads((root / "outputs" / "dataset" / "audit.json").read_text(encoding="utf-8"))
    split = read_official_split(audit)
    tab = open_page("visualizer", look="Leakage")
    metrics = {metric.label: metric.value for metric in tab.metric}
    assert metrics["Testing images with a near-duplicate in Training"] == f"{split.near_duplicates:,}"
    assert metrics["Of those, without rotation or mirroring"] == f"{split.upright:,}"
    assert metrics["Testing images whose patient is also in Training"] == f"{split.shared_patients:,}"
    summary = words(open_page("summary"))
    assert all(sentence in summary for sentence in summarize_official_split(audit))


def test_scores_of_the_served_model_are_stated_alike(open_page: Open, root: Path) -> None:
    metrics = read_version_report(get_settings().version).evaluation[Split.TEST]
    texts = [(root / path).read_text(encoding="utf-8") for path in ("README.md", "docs/results.md")]
    scores = open_page("performance", part="Scores")
    table = scores.table[0].value.iloc[:, 0].to_dict()
    titles = {"accuracy": "Accuracy, four classes", "tumor_sensitivity": "Sensitivity for any tumour"}
    for (name, title), row in zip(titles.items(), ("Accuracy", "Tumour sensitivity"), strict=True):
        assert table[row] == metrics[name].percent()
        assert all(f"| {title} | {metrics[name].percent()} |" in text for text in texts), name
    summary = {metric.label: metric.value for metric in open_page("summary").metric}
    assert summary.get("Accuracy", f"{metrics['accuracy'].value:.1%}") == f"{metrics['accuracy'].value:.1%}"


def test_robustness_says_that_it_is_measured_on_a_sample(open_page: Open) -> None:
    report = read_version_report(get_settings().version)
    sample, overall = report.checks["robustness"].metrics["accuracy"], report.evaluation[Split.TEST]["accuracy"]
    text = words(open_page("performance", part="Robustness"))
    assert f"Measured on {sample.n:,} of the {overall.n:,} test scans" in text
    assert f"accuracy is {sample.value:.1%} on these and {overall.value:.1%} on all test scans" in text
