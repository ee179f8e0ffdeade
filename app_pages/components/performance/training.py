"""Training of a version: learning curves or ensemble members, split sizes, architecture."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import ACCENT, CLASS_COLORS, NEUTRAL, TUMOR_COLOR
from app_pages.components.shared.formatting import SPLIT_TITLES, class_text, pluralize
from app_pages.components.shared.page import show_missing, show_section
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass
from braintumor.inference.card_sections import Member
from braintumor.inference.model_card import ModelCard
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.reporting.labels import label_title
from braintumor.results.version import VersionReport

# The classes, and tumours of unknown type in the binary set.
_LABELS: Final = (*CLASS_NAMES, TUMOR_LABEL)
_LABEL_COLORS: Final = {**{str(label): color for label, color in CLASS_COLORS.items()}, TUMOR_LABEL: TUMOR_COLOR}
_LABELS_WITH_WHITE_TEXT: Final = (TumorClass.GLIOMA, TumorClass.MENINGIOMA, TUMOR_LABEL)


def show_training(report: VersionReport) -> None:
    """Show learning curves or ensemble members, the sizes of the splits, and the architecture."""
    card = report.card
    if card is not None and card.members:
        show_members(card)
    else:
        show_learning_curves(report)
    show_section("Training, validation and test images")
    if card is not None and card.data.counts:
        figure, summary = plot_splits(card.data.counts)
        show_chart(figure, summary, "splits", 280)
        sizes = [
            f"{pluralize(card.data.groups[split], 'group')} in {title.lower()}"
            for split, title in SPLIT_TITLES.items()
            if split in card.data.groups
        ]
        has_external = card.recipe.get("data") == "all"
        others = " With the sets of other sources, which *Scores* leaves out." if has_external else ""
        st.caption(f"Independent groups: {', '.join(sizes)}.{others}")
    else:
        show_missing("The model card has no split sizes. Train the version:", report.train_command)
    if card is None or not card.members:
        show_section("Architecture")
        show_architecture(report)


def show_members(card: ModelCard) -> None:
    """Show the members of an ensemble with their weights, and how these were chosen."""
    show_section("Members", "An ensemble is not trained: it averages the predictions of trained versions.")
    with st.container(key="numbers-members"):
        st.table(pd.DataFrame(map(_member_row, card.members)).set_index("Version"), border="horizontal")
    sentences = []
    if (ensemble := card.ensemble) is not None:
        sentences.append(f"The members' {ensemble.averaged} are averaged." if ensemble.averaged else "")
        losses = ensemble.validation_loss
        if "weighted" in losses and "equal" in losses:
            choice = "Weights minimize the log-loss on validation images" if ensemble.weighted else "Weights are equal"
            sentences.append(
                f"{choice}: log-loss {losses['weighted']:.3f} with fitted and {losses['equal']:.3f} with equal weights."
            )
        sentences.append(ensemble.chosen)
    st.caption(" ".join(filter(None, [*sentences, NO_ENSEMBLE_SALIENCY])))


def _member_row(member: Member) -> dict[str, str]:
    return {
        "Version": member.version,
        "Weight": f"{member.weight:.1%}",
        "Temperature": f"{member.temperature:.2f}",
        "Log-loss alone": "" if member.validation_loss is None else f"{member.validation_loss:.3f}",
        "Parameters": "" if member.parameters is None else f"{member.parameters:,}",
    }


def show_learning_curves(report: VersionReport) -> None:
    """Show accuracy and loss by epoch."""
    show_section("Learning curves")
    if report.history.empty:
        show_missing("There is no training history for this version. Train it:", report.train_command)
        return
    best_epoch = report.card.training.best_epoch if report.card else None
    figure, summary = plot_learning_curves(report.history, best_epoch)
    show_chart(figure, summary, "learning", 340, top=28, values=lambda: report.history)
    if best_epoch is not None:
        st.caption(f"The dotted line marks epoch {best_epoch}, whose weights are used.")


def show_architecture(report: VersionReport) -> None:
    """Show the figure of the network."""
    figure = report.figure_path("architecture.png")
    if figure is None or report.card is None:
        show_missing("There is no figure of this network. Train the version:", report.train_command)
        return
    name, parameters = report.card.architecture, report.card.parameters
    caption = name if parameters is None else f"{name}, {pluralize(parameters, 'parameter')}"
    st.image(str(figure), width="stretch", alt=f"Layers of the network {caption}, from input to output.")
    st.caption(f"{caption}. Networks with many layers are drawn without normalization and activation layers.")
    st.download_button(
        "Download as PNG", figure.read_bytes, f"{report.version.replace('/', '-')}-architecture.png", "image/png",
        on_click="ignore", key="architecture-png",
    )  # fmt: skip


def plot_learning_curves(history: pd.DataFrame, best_epoch: int | None) -> tuple[go.Figure, str]:
    """Plot accuracy and loss by epoch on training and validation images; return the figure and a summary."""
    figure = make_subplots(rows=1, cols=2, subplot_titles=("Accuracy", "Loss"), horizontal_spacing=0.09)
    for column, (metric, form) in enumerate((("accuracy", ":.1%"), ("loss", ":.3f")), start=1):
        for name, title, color in ((metric, "Training", ACCENT), (f"val_{metric}", "Validation", TUMOR_COLOR)):
            figure.add_scatter(
                x=history["epoch"], y=history[name], name=title, legendgroup=title, showlegend=column == 1,
                mode="lines" if len(history) > 1 else "markers", line={"color": color, "width": 2.5},
                marker={"size": 11}, row=1, col=column,
                hovertemplate=f"{title}, epoch %{{x}}: %{{y{form}}}<extra></extra>",
            )  # fmt: skip
        if best_epoch is not None:
            figure.add_vline(x=best_epoch, line={"dash": "dot", "width": 1.5, "color": NEUTRAL}, row=1, col=column)
    figure.update_xaxes(title="Epoch", rangemode="tozero", nticks=8, **({"dtick": 1} if len(history) < 8 else {}))
    figure.update_yaxes(tickformat=".0%", row=1, col=1)
    figure.update_yaxes(rangemode="tozero", row=1, col=2)
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "x": 0})
    last = history.iloc[-1]
    return figure, (
        f"Learning curves over {pluralize(len(history), 'epoch')}. At the end, accuracy {last['accuracy']:.1%} in "
        f"training and {last['val_accuracy']:.1%} in validation, loss {last['loss']:.3f} and {last['val_loss']:.3f}."
    )


def plot_splits(counts: Mapping[str, Mapping[str, int]]) -> tuple[go.Figure, str]:
    """Plot the number of images of each class in each split; return the figure and a summary."""
    figure = go.Figure()
    splits = [split for split in SPLIT_TITLES if split in counts]
    labels = [label for label in _LABELS if any(label in counts[split] for split in splits)]
    for label in labels:
        title = label_title(label)
        values = [int(counts[split].get(label, 0)) for split in splits]
        text_color = "#FFFFFF" if label in _LABELS_WITH_WHITE_TEXT else "#10161C"
        figure.add_bar(
            y=[SPLIT_TITLES[split] for split in splits], x=values, name=title, orientation="h", width=0.6,
            marker={"color": _LABEL_COLORS[label]}, text=[f"{value:,}" for value in values], textposition="inside",
            insidetextanchor="middle", textangle=0, insidetextfont={"color": text_color, "size": 13},
            hovertemplate=f"{title}, %{{y}}: %{{x:,}} images<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", legend={"orientation": "h", "y": -0.3, "x": 0, "traceorder": "normal"})
    figure.update_xaxes(title="Images")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    summary = "; ".join(
        f"{SPLIT_TITLES[split]}: "
        + ", ".join(f"{counts[split].get(label, 0):,} {class_text(label)}" for label in labels)
        for split in splits
    )
    return figure, f"Images by split and class. {summary}."
