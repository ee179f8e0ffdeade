"""Where it points: how well mask and class map lie on outlined tumours, and scan by scan in a gallery."""

from typing import Final

import streamlit as st

from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import section
from app_pages.components.palette import ACCENT, CLASS_COLORS, NEUTRAL
from app_pages.components.parts import counted, split_metrics, table
from app_pages.components.performance_gallery import show_gallery
from app_pages.components.words import METRIC_TITLES, metric_value
from braintumor.dataset.sets import YES_NO, learnt_from
from braintumor.evaluation.measures import Metrics
from braintumor.evaluation.report import Report
from braintumor.evaluation.sentences import localization_sentence
from braintumor.vocabulary import CLASSES

_SHOWN: Final = ("dice", "iou", "pointing_game", "activation_inside", "map_pointing_game")


def show_places(report: Report) -> None:
    """Agreement with the outlines: overall, by class, plane and size, and the scans themselves."""
    section("Does it point at the tumour?", "Against the outlines of tumours that have one.")
    if learnt_from(report.card) == YES_NO:
        st.markdown("Nobody outlined the tumours this version was tested on, so where it points was not measured.")
        return
    found = split_metrics(report, "places", "activation_inside", "Where this version points")
    if found is None:
        return
    split, metrics = found
    st.markdown(localization_sentence(metrics))
    names = [name for name in _SHOWN if name in metrics]
    rows = {
        METRIC_TITLES[name]: {
            "Value (95% interval)": metric_value(name, metrics[name]),
            "Scans": counted(metrics[name]),
        }
        for name in names
    }
    table(rows, "Metric", "places")
    if not names:
        return
    name = st.segmented_control(
        "Shown by class, plane and size", names, default=names[0], format_func=METRIC_TITLES.__getitem__,
        key="places-metric", required=True,
    )  # fmt: skip
    bars = _bars(metrics, name)
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    unit = "plain" if name in ("dice", "iou") else "share"
    show(
        intervals(bars, unit),
        f"{METRIC_TITLES[name]} with 95% intervals. {said}.",
        f"places-{name}",
        70 + 34 * len(bars),
    )
    show_gallery(report, split)


def _bars(metrics: Metrics, name: str) -> list[Bar]:
    bars = [Bar("All", metrics[name], metric_value(name, metrics[name]), ACCENT)]
    for label in CLASSES:
        if estimate := metrics.get(f"{name}/{label}"):
            bars.append(Bar(label.title, estimate, metric_value(name, estimate), CLASS_COLORS[label]))
    for part in (n.removeprefix(name) for n in metrics if n.startswith(f"{name}@")):
        estimate = metrics[f"{name}{part}"]
        which = part.partition(":")[2].capitalize()
        shown = f"{which} tumours" if part.startswith("@size") else which
        bars.append(Bar(shown, estimate, metric_value(name, estimate), NEUTRAL))
    return bars
