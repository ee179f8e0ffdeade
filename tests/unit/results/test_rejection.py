"""Tables of rejected images name each kind, the test scans, and scans of low resolution."""

from braintumor.results.metric import Metric
from braintumor.results.rejection import IN_DISTRIBUTION, image_type_text, rejection_rows, summarize_rejection
from braintumor.results.stress_test import StressTestResult

CHECK = StressTestResult(
    {
        "roc_auc": Metric(0.9, (0.8, 1.0)),
        "roc_auc@kind:head-ct": Metric(0.9, (0.8, 1.0)),
        f"rejected@kind:{IN_DISTRIBUTION}": Metric(0.01, (0.0, 0.02), 200, 50),
        "rejected@kind:head-ct": Metric(0.96, (0.9, 1.0), 100, 100),
        "uncertain@kind:head-ct": Metric(0.02, (0.0, 0.05), 100, 100),
        "rejected@resolution:64": Metric(0.04, (0.0, 0.1), 300, 60),
    }
)


def test_types_of_images_are_named_with_their_capitals() -> None:
    names = ("head-ct", "chest-xray", "blood-smear")
    assert list(map(image_type_text, names)) == ["head CT", "chest X-ray", "blood smear"]


def test_other_images_come_first_then_test_scans_and_those_of_low_resolution() -> None:
    rows = rejection_rows(CHECK)
    assert list(rows) == ["Head CT", "Test scans", "Test scans of 64 pixels"]
    assert rows["Head CT"]["Not a brain MRI"] == "96.0% (90.0 to 100.0)"
    assert rows["Head CT"]["Uncertain"] == "2.0% (0.0 to 5.0)"
    assert "Uncertain" not in rows["Test scans"]


def test_summary_states_each_kind_and_the_lost_scans() -> None:
    assert summarize_rejection(CHECK).startswith(
        "Rejected as not a brain MRI: 96% (head CT), and 1.0% (95% CI 0.0 to 2.0"
    )


def test_without_metrics_there_is_nothing_to_show() -> None:
    assert not rejection_rows(StressTestResult())
    assert not summarize_rejection(StressTestResult())
