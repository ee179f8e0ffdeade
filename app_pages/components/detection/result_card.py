"""The card of one answer: verdict in words with its reason, probabilities with their thresholds, measures, warnings."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.shared.formatting import VERDICT_TITLES, join_words
from braintumor.enums import Verdict
from braintumor.inference import Detection
from braintumor.inference.decision import Thresholds
from braintumor.reporting.csv_export import lesion_size
from braintumor.reporting.labels import class_probabilities, label_sentence, prediction_set_texts

# Heights in pixels: of what is around the bars, and of each.
_CHART_MARGIN = 79
_BAR_HEIGHT = 27


def show_result_card(detection: Detection, thresholds: Thresholds, key: str, is_compared: bool = False) -> None:
    """Draw what one version says of a scan; by its name where two are compared."""
    refused = detection.verdict is Verdict.NOT_BRAIN_MRI
    if is_compared:
        st.caption(f"Version {detection.model_version}")
    tone = VERDICT_TONES[detection.verdict]
    st.header(f":{tone}[{VERDICT_TITLES[detection.verdict]}]", anchor=False)
    st.markdown(detection.reason if refused else f"**{label_sentence(detection)}** {detection.reason}")
    if not refused:
        height = _CHART_MARGIN + _BAR_HEIGHT * len(class_probabilities(detection))
        show_chart(
            plot_probabilities(detection, thresholds),
            _chart_alt_text(detection, thresholds),
            f"chart-{key}",
            height,
            top=24,
        )
        kept = prediction_set_texts(detection)
        st.markdown(f"At 95% coverage the answer is {'among ' if len(kept) > 1 else ''}**{join_words(kept)}**.")
    st.caption("  \n".join(_detail_lines(detection, refused)))


def show_warnings(detection: Detection) -> None:
    """What the file itself gives reason to doubt, such as an annotation burned into it."""
    for warning in detection.warnings:
        st.warning(warning, icon=":material/warning:")


def _detail_lines(detection: Detection, rejected: bool) -> list[str]:
    outlined = [] if rejected or detection.mask is None else [f"Outlined area: {lesion_size(detection)}."]
    strange = (
        [] if detection.ood_score is None else [f"Novelty {detection.ood_score:.2f} of 1; from 0.50 on it is refused."]
    )
    took = f"read in {detection.milliseconds['total']:.0f} ms"
    return [*outlined, *strange, f"Model {detection.model_version}, {took}, SHA-256 {detection.sha256[:12]}."]


def plot_probabilities(detection: Detection, thresholds: Thresholds) -> go.Figure:
    """Bars of the tumour probability, with both thresholds, and of each class where the version tells them."""
    said = class_probabilities(detection)
    values = [chance.value for chance in said]
    colors = [TUMOR_COLOR if chance.label is None else CLASS_COLORS[chance.label] for chance in said]
    figure = go.Figure(
        go.Bar(
            x=values, y=[chance.title for chance in said], orientation="h", width=0.62, marker_color=colors,
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )  # fmt: skip
    # Each name stands on its own side of its line, so that two close thresholds can still be read.
    for value, name, side in ((thresholds.rule_out, "clear", "right"), (thresholds.rule_in, "call", "left")):
        # A dark line in a pale one shows on the bar and on either background.
        for width, color in ((5, "rgba(245,248,250,0.85)"), (2, "#26333F")):
            figure.add_shape(type="line", x0=value, x1=value, y0=-0.48, y1=0.48, line={"width": width, "color": color})
        figure.add_annotation(
            x=value, y=-0.5, text=f"{name} {value:.0%}", showarrow=False, yanchor="bottom", xanchor=side,
            font={"size": 11},
        )  # fmt: skip
    # In a column of their own, where no bar or threshold runs through them.
    for row, value in enumerate(values):
        figure.add_annotation(x=1.03, y=row, text=f"{value:.1%}", showarrow=False, xanchor="left", font={"size": 12})
    figure.update_xaxes(range=[0, 1.26], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(range=[len(said) - 0.45, -0.55], showgrid=False)
    return figure


def _chart_alt_text(detection: Detection, thresholds: Thresholds) -> str:
    each = join_words(
        f"{chance.title.lower()} {chance.value:.1%}" for chance in class_probabilities(detection) if chance.label
    )
    return (
        f"Tumour probability {detection.tumor_probability:.1%}; below {thresholds.rule_out:.1%} a scan is cleared, from "
        f"{thresholds.rule_in:.1%} it is called. {f'By class: {each}' if each else 'No kind of tumour is told'}."
    )
