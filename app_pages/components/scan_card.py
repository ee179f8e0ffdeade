"""The card of one answer: verdict in words with its reason, probabilities with their thresholds, measures, warnings."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.charts import show
from app_pages.components.palette import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.words import VERDICT_TITLES, class_word, listed
from braintumor.inference import Detection
from braintumor.inference.verdict import Thresholds
from braintumor.reporting.measures import measures
from braintumor.vocabulary import CLASSES, Verdict

_ANY = "Any tumour"


def show_card(found: Detection, thresholds: Thresholds, key: str, compared: bool = False) -> None:
    """Draw what one version says of a scan; by its name where two are compared."""
    refused = found.verdict is Verdict.NOT_BRAIN_MRI
    if compared:
        st.caption(f"Version {found.model_version}")
    tone = VERDICT_TONES[found.verdict]
    st.header(f":{tone}[{VERDICT_TITLES[found.verdict]}]", anchor=False)
    st.markdown(found.reason if refused else f"**{_headline(found)}** {found.reason}")
    if not refused:
        show(probabilities(found, thresholds), _said(found, thresholds), f"chart-{key}", 214, top=24)
        kept = listed(class_word(c) for c in found.prediction_set)
        st.markdown(f"At 95% coverage the answer is {'among ' if len(found.prediction_set) > 1 else ''}**{kept}**.")
    st.caption("  \n".join(_facts(found, refused)))


def show_warnings(found: Detection) -> None:
    """What the file itself gives reason to doubt, such as an annotation burned into it."""
    for warning in found.warnings:
        st.warning(warning, icon=":material/warning:")


def _headline(found: Detection) -> str:
    """The likeliest class, as a sentence that does not say more than the verdict."""
    likeliest = f"{class_word(found.result)} at {found.probabilities[found.result]:.1%}"
    return f"Likeliest is {likeliest}."


def _facts(found: Detection, refused: bool) -> list[str]:
    outlined = [] if refused or found.mask is None else [f"Outlined area: {measures(found)}."]
    strange = [] if found.novelty is None else [f"Novelty {found.novelty:.2f} of 1; from 0.50 on it is refused."]
    took = f"read in {found.milliseconds['total']:.0f} ms"
    return [*outlined, *strange, f"Model {found.model_version}, {took}, SHA-256 {found.sha256[:12]}."]


def probabilities(found: Detection, thresholds: Thresholds) -> go.Figure:
    """Bars of the tumour probability, with both thresholds, and of each class."""
    names = [_ANY, *(c.title for c in CLASSES)]
    values = [found.tumor_probability, *(found.probabilities[c] for c in CLASSES)]
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", width=0.62, marker_color=[TUMOR_COLOR, *CLASS_COLORS.values()],
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
    figure.update_yaxes(range=[4.55, -0.55], showgrid=False)
    return figure


def _said(found: Detection, thresholds: Thresholds) -> str:
    each = listed(f"{class_word(c)} {p:.1%}" for c, p in found.probabilities.items())
    return (
        f"Tumour probability {found.tumor_probability:.1%}; below {thresholds.low:.1%} a scan is cleared, from "
        f"{thresholds.high:.1%} it is called. By class: {each}."
    )
