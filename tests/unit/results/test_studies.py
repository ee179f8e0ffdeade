"""The table and sentences about whole studies follow the metrics, and are empty without them."""

from braintumor.results.metric import Metric
from braintumor.results.stress_test import StressTestResult
from braintumor.results.studies import study_rows, summarize_studies
from tests.helpers.versions.measured import STUDIES

CHECK = StressTestResult(
    {name: Metric(value, (0.5, 1.0), n, groups) for name, (value, n, groups) in STUDIES.items()},
    details={"sources": {"lgg_other": {"title": "TCGA-LGG", "left_out": True}}},
)


def test_table_is_by_extent_and_source() -> None:
    rows = study_rows(CHECK)
    assert list(rows) == ["Whole volumes", "Slices of one plane", "TCGA-LGG"]
    assert list(rows["TCGA-LGG"].values()) == ["90.0% (50.0 to 100.0); 64 studies of 64 patients", "", "", ""]


def test_share_of_few_people_has_no_interval() -> None:
    assert study_rows(CHECK)["Whole volumes"]["No tumour: no tumour found"] == "100%; 1 study of 1 patient"


def test_whole_volumes_are_counted_apart_and_are_said_to_be_few() -> None:
    assert summarize_studies(CHECK) == (
        "Of 107 studies of 44 patients with a tumour, 92.0% (50.0 to 100.0) are suspected and 1.0% (50.0 to 100.0) "
        "ruled out, each patient with the same weight. Of 57 studies of 19 patients without a tumour, with a few "
        "slices of one plane each, 80.0% (50.0 to 100.0) are ruled out and 4.0% (50.0 to 100.0) suspected. Of 1 whole "
        "volume without a tumour, 1 ruled out and 0 suspected. There are too few whole volumes to state a share."
    )


def test_without_metrics_there_is_nothing_to_show() -> None:
    assert not study_rows(StressTestResult())
    assert not summarize_studies(StressTestResult())
