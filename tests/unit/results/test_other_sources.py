"""Tables and sentences about other sources follow the metrics, and are empty without them."""

from braintumor.results.metric import Metric
from braintumor.results.other_sources import summarize_false_alarms, summarize_tumors, tumor_free_rows, tumor_rows
from braintumor.results.study import StudyCheck
from tests.helpers.versions.measured import OTHER_SOURCES

SOURCES = {"lgg_other": {"title": "TCGA-LGG", "left_out": False}}
SIZE = "(40 images, 12 groups)"
CHECK = StudyCheck(
    {name: Metric(value, n=40, groups=12) for name, value in OTHER_SOURCES.items()}, {}, {"sources": SOURCES}
)


def test_rows_are_by_source_then_over_all_sources() -> None:
    rows = tumor_free_rows(CHECK)
    assert list(rows) == [
        "TCGA-LGG (test patients): axial", "All sources: axial", "All sources: sagittal", "Skull-stripped",
        "Other lesions (multiple sclerosis)",
    ]  # fmt: skip
    assert rows["All sources: axial"] == {
        "Measured on": "40 images, 12 groups", "Tumour as most likely class": "20.0%", "Tumour suspected": "10.0%",
    }  # fmt: skip


def test_source_of_few_slices_has_one_row() -> None:
    assert list(tumor_rows(CHECK)) == ["TCGA-LGG (test patients): T1", "yale_mets_t2"]


def test_false_alarms_are_summarized_by_plane_and_source() -> None:
    assert summarize_false_alarms(CHECK) == (
        f"Tumour-free slices of other sources that are flagged, by plane: axial 10.0% {SIZE} and sagittal 30.0% "
        f"{SIZE}; by source: TCGA-LGG (test patients) 15.0% {SIZE}. A tumour is the most likely class in: axial 20.0% "
        f"{SIZE} and sagittal 50.0% {SIZE}."
    )


def test_tumors_are_summarized_over_left_out_sources() -> None:
    assert summarize_tumors(CHECK) == (
        f"Tumours of sources left out of training: a tumour is the most likely class in 90.0% {SIZE}, and 80.0% {SIZE} "
        f"are flagged. AUC within patients, tumour against tumour-free slices: T1 0.81 {SIZE}. Calibration error on "
        f"left-out sources: 0.05 {SIZE}."
    )


def test_without_metrics_there_is_nothing_to_show() -> None:
    assert not any(
        make(StudyCheck()) for make in (tumor_free_rows, tumor_rows, summarize_false_alarms, summarize_tumors)
    )
