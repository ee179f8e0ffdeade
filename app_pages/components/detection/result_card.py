"""Result card: verdict with its reason, probabilities with the decision thresholds, sizes and warnings."""

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.explanation.chat import show_chat
from app_pages.components.explanation.explanation_text import show_explanation
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.shared.formatting import join_words
from braintumor.inference import Detection
from braintumor.inference.decision import Thresholds
from braintumor.inference.retrieval import SimilarScan
from braintumor.reporting.labels import (
    class_probabilities,
    label_sentence,
    lesion_size_text,
    prediction_set_texts,
    verdict_title,
)
from braintumor.text import format_score

# Heights in pixels.
_CHART_MARGIN: Final = 79
_BAR_HEIGHT: Final = 27


def show_result_card(
    detection: Detection,
    thresholds: Thresholds,
    key: str,
    is_compared: bool = False,
    contradiction: str = "",
    similar_scans: Sequence[SimilarScan] = (),
) -> None:
    """Draw the result of one version, with its name if two versions are compared.

    Parameters
    ----------
    contradiction : str
        What contradicts the verdict, such as the most similar training scans.
    similar_scans : sequence of SimilarScan
        For the explanation in words and the conversation about it.
    """
    is_rejected = not detection.verdict.has_result
    if is_compared:
        st.caption(f"Version {detection.model_version}")
    st.header(f":{VERDICT_TONES[detection.verdict]}[{result_title(detection)}]", anchor=False)
    st.markdown(detection.reason if is_rejected else f"**{label_sentence(detection)}** {detection.reason}")
    if contradiction:
        st.markdown(f":orange[**Less certain: the most similar training scans disagree.**] {contradiction}")
    if not is_rejected:
        height = _CHART_MARGIN + _BAR_HEIGHT * len(class_probabilities(detection))
        figure, alt = plot_probabilities(detection, thresholds), _chart_alt_text(detection, thresholds)
        show_chart(figure, alt, f"chart-{key}", height, top=24)
        st.markdown(
            f"Classes that cannot be ruled out (95% prediction set): **{join_words(prediction_set_texts(detection))}**."
        )
    show_explanation(detection, key, similar_scans)
    show_chat(detection, detection.model_version, key, similar_scans=similar_scans)
    st.caption("  \n".join(_detail_lines(detection, is_rejected)))


def result_title(detection: Detection) -> str:
    """Return the verdict with the tumour score, such as `Uncertain (tumour score 62%)`."""
    title = verdict_title(detection)
    return f"{title} {score_text(detection)}" if detection.verdict.has_result else title


def score_text(detection: Detection) -> str:
    """Return the tumour score in parentheses, as after a verdict."""
    return f"(tumour score {format_score(detection.tumor_probability)})"


def show_warnings(detection: Detection) -> None:
    """Draw the warnings about the file, such as burned-in annotations."""
    for warning in detection.warnings:
        st.warning(warning, icon=":material/warning:")


def _detail_lines(detection: Detection, is_rejected: bool) -> list[str]:
    lines = []
    if not is_rejected and detection.mask is not None:
        lines.append(f"Outlined area: {lesion_size_text(detection)}.")
    if not is_rejected and detection.ood_score is not None:  # the reason of a rejection contains it
        lines.append(f"Out-of-distribution score {detection.ood_score:.2f} (rejected at 0.50 or above).")
    milliseconds = detection.milliseconds["total"]
    lines.append(f"Model {detection.model_version}, {milliseconds:.0f} ms, SHA-256 {detection.sha256[:12]}.")
    return lines


def plot_probabilities(detection: Detection, thresholds: Thresholds) -> go.Figure:
    """Plot the tumour probability with the thresholds, and the class probabilities if the version predicts them."""
    bars = class_probabilities(detection)
    values = [bar.value for bar in bars]
    colors = [TUMOR_COLOR if bar.label is None else CLASS_COLORS[bar.label] for bar in bars]
    figure = go.Figure(
        go.Bar(
            x=values, y=[bar.title for bar in bars], orientation="h", width=0.62, marker_color=colors,
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )  # fmt: skip
    for value, name, side in _threshold_marks(thresholds):
        # A dark line on a wider pale one is visible on the bar and on both backgrounds.
        for width, color in ((5, "rgba(245,248,250,0.85)"), (2, "#26333F")):
            figure.add_shape(type="line", x0=value, x1=value, y0=-0.48, y1=0.48, line={"width": width, "color": color})
        figure.add_annotation(
            x=value, y=-0.5, text=f"{name.split()[0]} {value:.0%}", showarrow=False, yanchor="bottom", xanchor=side,
            font={"size": 11},
        )  # fmt: skip
    # In a column of their own, where no bar or threshold crosses them.
    for row, value in enumerate(values):
        figure.add_annotation(x=1.03, y=row, text=f"{value:.1%}", showarrow=False, xanchor="left", font={"size": 12})
    figure.update_xaxes(range=[0, 1.26], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(range=[len(bars) - 0.45, -0.55], showgrid=False)
    return figure


def _threshold_marks(thresholds: Thresholds) -> list[tuple[float, str, str]]:
    """Return value, label and anchor of each threshold."""
    # Labels on opposite sides, so that those of two close thresholds do not overlap.
    return [(thresholds.rule_out, "lower threshold", "right"), (thresholds.rule_in, "upper threshold", "left")]


def _chart_alt_text(detection: Detection, thresholds: Thresholds) -> str:
    marks = join_words(f"{name} {value:.1%}" for value, name, _ in _threshold_marks(thresholds))
    by_class = join_words(f"{bar.title.lower()} {bar.value:.1%}" for bar in class_probabilities(detection) if bar.label)
    classes = f"By class: {by_class}" if by_class else "This model does not predict the tumour type"
    return f"Tumour probability {detection.tumor_probability:.1%} ({marks}). {classes}."
