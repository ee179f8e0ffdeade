"""Charts of training: learning curves, and how images are dealt to the splits."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from app_pages.components.shared.colors import ACCENT, CLASS_COLORS, NEUTRAL, TUMOR_COLOR
from app_pages.components.shared.formatting import SPLIT_TITLES, class_text
from app_pages.components.shared.page import show_section
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.reporting.labels import label_title
from braintumor.results.version import VersionReport


def show_members(report: VersionReport) -> None:
    """Its members, what each has to say, and how that was chosen."""
    show_section(
        "What it is made of", "Nothing was trained for it: it averages the answers of versions trained before."
    )
    rows = [_member_row(member) for member in report.card_value("members") if isinstance(member, Mapping)]
    with st.container(key="numbers-members"):
        st.table(pd.DataFrame(rows).set_index("Version") if rows else pd.DataFrame(), border="horizontal")
    said = [f"Averaged are the {averaged}." if (averaged := report.card_value("ensemble", "averaged")) else ""]
    weighted, equal = (report.card_value("ensemble", "validation_loss", way) for way in ("weighted", "equal"))
    if isinstance(weighted, float) and isinstance(equal, float):
        chosen = (
            "Weights make the validation labels likeliest"
            if report.card_value("ensemble", "weighted")
            else "All weigh alike"
        )
        said.append(f"{chosen}: log-loss {weighted:.3f} weighted, {equal:.3f} were all alike.")
    said += [report.card_value("ensemble", "chosen") or "", NO_ENSEMBLE_SALIENCY]
    st.caption(" ".join(sentence for sentence in said if sentence))


def _member_row(member: Mapping[str, Any]) -> dict[str, str]:
    numbers = {
        "Weight": ("weight", ".1%"),
        "Temperature": ("temperature", ".2f"),
        "Log-loss alone": ("validation_loss", ".3f"),
    }
    row = {"Version": str(member.get("version", ""))}
    for title, (name, form) in {**numbers, "Parameters": ("parameters", ",")}.items():
        value = member.get(name)
        row[title] = format(value, form) if isinstance(value, int | float) else ""
    return row


# The classes, and a tumour of which nobody said the kind.
_LABELS = (*CLASS_NAMES, TUMOR_LABEL)
_LABEL_COLORS = {**{str(label): color for label, color in CLASS_COLORS.items()}, TUMOR_LABEL: TUMOR_COLOR}
# What reads best on the class's own colour.
_TEXT_COLORS = {
    name: "#FFFFFF" if name in (TumorClass.GLIOMA, TumorClass.MENINGIOMA, TUMOR_LABEL) else "#10161C"
    for name in _LABELS
}


def plot_learning_curves(history: pd.DataFrame, best_epoch: int | None) -> tuple[go.Figure, str]:
    """Accuracy and loss by epoch, on training and validation images, with the sentence that says the same."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=("Accuracy", "Loss"), horizontal_spacing=0.09)
    for column, (metric, form) in enumerate((("accuracy", ":.1%"), ("loss", ":.3f")), start=1):
        for name, title, color in ((metric, "Training", ACCENT), (f"val_{metric}", "Validation", TUMOR_COLOR)):
            figure.add_scatter(
                x=history["epoch"], y=history[name], name=title, legendgroup=title, showlegend=column == 1,
                mode="lines", line={"color": color, "width": 2.5}, row=1, col=column,
                hovertemplate=f"{title}, epoch %{{x}}: %{{y{form}}}<extra></extra>",
            )  # fmt: skip
        if best_epoch is not None:
            figure.add_vline(x=best_epoch, line={"dash": "dot", "width": 1.5, "color": NEUTRAL}, row=1, col=column)
    figure.update_xaxes(title="Epoch", rangemode="tozero", nticks=8)
    figure.update_yaxes(tickformat=".0%", row=1, col=1)
    figure.update_yaxes(rangemode="tozero", row=1, col=2)
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "x": 0})
    last = history.iloc[-1]
    return figure, (
        f"Learning curves over {len(history)} epochs. At the end, accuracy {last['accuracy']:.1%} in training and "
        f"{last['val_accuracy']:.1%} in validation, loss {last['loss']:.3f} and {last['val_loss']:.3f}."
    )


def plot_splits(counts: Mapping[str, Mapping[str, int]]) -> tuple[go.Figure, str]:
    """Images of each class in each split, with the sentence that says the same."""
    figure = go.Figure()
    names = [split for split in SPLIT_TITLES if split in counts]
    dealt = [label for label in _LABELS if any(label in counts[split] for split in names)]
    for label in dealt:
        title, color = label_title(label), _LABEL_COLORS[label]
        values = [int(counts[split].get(label, 0)) for split in names]
        figure.add_bar(
            y=[SPLIT_TITLES[split] for split in names], x=values, name=title, orientation="h", width=0.6,
            marker={"color": color}, text=[f"{value:,}" for value in values], textposition="inside",
            insidetextanchor="middle", textangle=0, insidetextfont={"color": _TEXT_COLORS[label], "size": 13},
            hovertemplate=f"{title}, %{{y}}: %{{x:,}} images<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", legend={"orientation": "h", "y": -0.3, "x": 0, "traceorder": "normal"})
    figure.update_xaxes(title="Images")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    said = "; ".join(
        f"{SPLIT_TITLES[split]}: "
        + ", ".join(f"{counts[split].get(label, 0):,} {class_text(label)}" for label in dealt)
        for split in names
    )
    return figure, f"Images by split and class. {said}."
