"""The dashboard counts the visitor's readings and their agreement, and lists the most uncertain ones."""

from pathlib import Path

import pytest
from scipy.stats import binomtest

from app_pages.components.dashboard.agreement import agrees_on_class, agrees_on_tumor, measure_agreement
from braintumor.db.overview.summary import ReadingWithFinding, list_readings_with_finding, summarize_history
from braintumor.db.storage import Actor, Storage
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.charts import charts_without_downloads
from tests.helpers.apptest.history import switch_on, use_storage
from tests.helpers.storage.fixtures import BOTH, storage_values
from tests.helpers.storage.readings import FIRST_TIME, add_user, insert_readings

ROWS = [
    {"verdict": "tumor suspected", "result": "glioma", "opinion": "agree", "uncertainty": 0.1},
    {"verdict": "tumor suspected", "result": "glioma", "opinion": "pituitary", "uncertainty": 0.3},
    {"verdict": "uncertain", "result": "meningioma", "name": "unclear.png", "uncertainty": 0.9},
    {"verdict": "no tumor found", "opinion": "glioma", "read_at": FIRST_TIME.replace(month=2), "uncertainty": 0.2},
    {"verdict": "not a brain MRI", "result": "notumor", "version": "v5", "uncertainty": 1.0, "name": "cat.png"},
]


@pytest.fixture(params=BOTH)
def kept(
    request: pytest.FixtureRequest, artifacts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Storage, Actor]:
    use_storage(storage_values(request, tmp_path), monkeypatch)
    storage, actor = switch_on()
    insert_readings(storage, actor, ROWS)
    insert_readings(storage, add_user(storage), [{"verdict": "uncertain"}] * 7)
    return storage, actor


def test_summary_counts_only_own_readings(kept: tuple[Storage, Actor]) -> None:
    summary = summarize_history(*kept)
    assert summary.readings == 5
    assert summary.by_version == {"v4": 4, "v5": 1}
    assert summary.by_verdict["tumor suspected"] == 2
    assert summary.by_result["not a brain MRI", "notumor"] == 1
    assert summary.by_day[FIRST_TIME.date(), "uncertain"] == 1
    assert summarize_history(*kept, version="v5").readings == 1
    assert summarize_history(*kept, since=FIRST_TIME.replace(month=2)).readings == 1


def test_page_shows_counts_agreement_and_worklist(kept: tuple[Storage, Actor], open_page: Open) -> None:
    app = open_page("dashboard")
    assert not app.exception
    text = words(app)
    assert "5 readings" in text
    low, high = binomtest(2, 3).proportion_ci(method="wilson")
    expected = f"66.7% (95% CI {100 * low:.1f} to {100 * high:.1f}; 3 findings, 3 series or pictures)"
    assert f"**Tumour or no tumour:** {expected}." in text
    assert "**Same class:** 33.3%" in text
    links = [button.label for button in app.button if str(button.key).startswith("open-")]
    assert links == [r"unclear\.png"]
    alternatives = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert any("Tumour suspected 2" in alt for alt in alternatives)
    assert charts_without_downloads(app) == []
    app.selectbox("dashboard-version").set_value("v5").run()
    assert "1 reading" in words(app)
    assert "No findings yet" in words(app)


def test_period_without_readings_is_a_sentence(kept: tuple[Storage, Actor], open_page: Open) -> None:
    app = open_page("dashboard")
    app.segmented_control("period").set_value("7 days").run()
    assert "No readings in this period." in words(app)


def test_empty_dashboard_says_where_readings_come_from(artifacts: Settings, open_page: Open) -> None:
    assert "No stored readings yet" in words(open_page("dashboard"))


def test_slices_of_one_series_count_once_in_the_interval() -> None:
    readings = [ReadingWithFinding("uncertain", "glioma", "agree", "series")] * 9
    metric = measure_agreement(readings, [True] * 9)
    assert metric is not None
    assert (metric.n, metric.groups) == (9, 1)
    assert metric.interval is not None
    assert metric.interval[0] == pytest.approx(binomtest(1, 1).proportion_ci(method="wilson").low, abs=1e-9)


@pytest.mark.parametrize(
    ("result", "opinion", "same_class", "same_tumor"),
    [
        ("glioma", "agree", True, True),
        ("glioma", "glioma", True, True),
        ("glioma", "meningioma", False, True),
        ("notumor", "glioma", False, False),
        ("tumor", "glioma", False, True),
        ("tumor", "notumor", False, False),
    ],
)
def test_agreement_on_class_and_on_tumor(result: str, opinion: str, same_class: bool, same_tumor: bool) -> None:
    reading = ReadingWithFinding("uncertain", result, opinion, "g")
    assert (agrees_on_class(reading), agrees_on_tumor(reading)) == (same_class, same_tumor)


def test_findings_carry_their_series(kept: tuple[Storage, Actor]) -> None:
    readings = list_readings_with_finding(*kept)
    assert len({each.group for each in readings}) == len(readings) == 3
