"""The card of one answer: verdict in words with its reason, probabilities with their thresholds, measures, warnings."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.charts import show
from app_pages.components.palette import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.words import VERDICT_TITLES, listed
from braintumor.inference import Detection
from braintumor.inference.verdict import Thresholds
from braintumor.reporting.answer import answer_sentence, chances, set_words
from braintumor.reporting.measures import measures
from braintumor.vocabulary import Verdict

# Heights in pixels: of what is around the bars, and of each.
_FRAME = 79
_ROW = 27


def show_card(found: Detection, thresholds: Thresholds, key: str, compared: bool = False) -> None:
    """Draw what one version says of a scan; by its name where two are compared."""
    refused = found.verdict is Verdict.NOT_BRAIN_MRI
    if compared:
        st.caption(f"Version {found.model_version}")
    tone = VERDICT_TONES[found.verdict]
    st.header(f":{tone}[{VERDICT_TITLES[found.verdict]}]", anchor=False)
    st.markdown(found.reason if refused else f"**{answer_sentence(found)}** {found.reason}")
    if not refused:
        height = _FRAME + _ROW * len(chances(found))
        show(probabilities(found, thresholds), _said(found, thresholds), f"chart-{key}", height, top=24)
        kept = set_words(found)
        st.markdown(f"At 95% coverage the answer is {'among ' if len(kept) > 1 else ''}**{listed(kept)}**.")
    st.caption("  \n".join(_facts(found, refused)))


def show_warnings(found: Detection) -> None:
    """What the file itself gives reason to doubt, such as an annotation burned into it."""
    for warning in found.warnings:
        st.warning(warning, icon=":material/warning:")


def _facts(found: Detection, refused: bool) -> list[str]:
    outlined = [] if refused or found.mask is None else [f"Outlined area: {measures(found)}."]
    strange = [] if found.novelty is None else [f"Novelty {found.novelty:.2f} of 1; from 0.50 on it is refused."]
    took = f"read in {found.milliseconds['total']:.0f} ms"
    return [*outlined, *strange, f"Model {found.model_version}, {took}, SHA-256 {found.sha256[:12]}."]


def probabilities(found: Detection, thresholds: Thresholds) -> go.Figure:
    """Bars of the tumour probability, with both thresholds, and of each class where the version tells them."""
    said = chances(found)
    values = [chance.value for chance in said]
    colors = [TUMOR_COLOR if chance.label is None else CLASS_COLORS[chance.label] for chance in said]
    figure = go.Figure(
        go.Bar(
            x=values, y=[chance.title for chance in said], orientation="h", width=0.62, marker_color=colors,
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )  # fmt: skip
    # Each name stands on its own side of its line, so that two close thresholds can still be read.
    for value, name, side in ((thresholds.low, "clear", "right"), (thresholds.high, "call", "left")):
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


def _said(found: Detection, thresholds: Thresholds) -> str:
    each = listed(f"{chance.title.lower()} {chance.value:.1%}" for chance in chances(found) if chance.label)
    return (
        f"Tumour probability {found.tumor_probability:.1%}; below {thresholds.low:.1%} a scan is cleared, from "
        f"{thresholds.high:.1%} it is called. {f'By class: {each}' if each else 'No kind of tumour is told'}."
    )
