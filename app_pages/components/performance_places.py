"""Where it points: how well mask and class map lie on outlined tumours, and scan by scan in a gallery."""

from typing import Final

import streamlit as st

from app_pages.components.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.frame import show_section
from app_pages.components.palette import ACCENT, CLASS_COLORS, NEUTRAL
from app_pages.components.parts import choose_split_metrics, short_sample_size_text, show_text_table
from app_pages.components.performance_gallery import show_localization_gallery
from app_pages.components.words import METRIC_TITLES, metric_value
from braintumor.dataset.sets import BINARY_SET, training_dataset
from braintumor.evaluation.measures import Metrics
from braintumor.evaluation.report import VersionReport
from braintumor.evaluation.sentences import summarize_localization
from braintumor.vocabulary import CLASSES

_LOCALIZATION_METRICS: Final = ("dice", "iou", "pointing_game", "activation_inside", "map_pointing_game")


def render_localization(report: VersionReport) -> None:
    """Agreement with the outlines: overall, by class, plane and size, and the scans themselves."""
    show_section("Does it point at the tumour?", "Against the outlines of tumours that have one.")
    if training_dataset(report.card) == BINARY_SET:
        st.markdown("Nobody outlined the tumours this version was tested on, so where it points was not measured.")
        return
    found = choose_split_metrics(report, "places", "activation_inside", "Where this version points")
    if found is None:
        return
    split, metrics = found
    st.markdown(summarize_localization(metrics))
    names = [name for name in _LOCALIZATION_METRICS if name in metrics]
    rows = {
        METRIC_TITLES[name]: {
            "Value (95% interval)": metric_value(name, metrics[name]),
            "Scans": short_sample_size_text(metrics[name]),
        }
        for name in names
    }
    show_text_table(rows, "Metric", "places")
    if not names:
        return
    name = st.segmented_control(
        "Shown by class, plane and size", names, default=names[0], format_func=METRIC_TITLES.__getitem__,
        key="places-metric", required=True,
    )  # fmt: skip
    bars = _interval_rows(metrics, name)
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    unit = "plain" if name in ("dice", "iou") else "share"
    show_chart(
        plot_intervals(bars, unit),
        f"{METRIC_TITLES[name]} with 95% intervals. {said}.",
        f"places-{name}",
        70 + 34 * len(bars),
    )
    show_localization_gallery(report, split)


def _interval_rows(metrics: Metrics, name: str) -> list[IntervalRow]:
    bars = [IntervalRow("All", metrics[name], metric_value(name, metrics[name]), ACCENT)]
    for label in CLASSES:
        if estimate := metrics.get(f"{name}/{label}"):
            bars.append(IntervalRow(label.title, estimate, metric_value(name, estimate), CLASS_COLORS[label]))
    for part in (n.removeprefix(name) for n in metrics if n.startswith(f"{name}@")):
        estimate = metrics[f"{name}{part}"]
        which = part.partition(":")[2].capitalize()
        shown = f"{which} tumours" if part.startswith("@size") else which
        bars.append(IntervalRow(shown, estimate, metric_value(name, estimate), NEUTRAL))
    return bars
