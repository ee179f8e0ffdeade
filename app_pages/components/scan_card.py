"""The card of one scan: image with heat map, verdict in words, probabilities with their thresholds."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.charts import show
from app_pages.components.palette import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.readings import Reading
from app_pages.components.words import VERDICT_TITLES, class_word, listed
from braintumor.exploration.sentences import place
from braintumor.imaging import read_scan
from braintumor.imaging.overlay import overlay
from braintumor.inference import Detection
from braintumor.inference.verdict import Thresholds
from braintumor.vocabulary import CLASSES, Verdict

# Cards on the page at a time: each draws an image and a chart.
CARDS = 6
# No screen shows a card's image larger than this many pixels a side.
_LARGEST = 768
_ANY = "Any tumour"


def show_card(reading: Reading, thresholds: Thresholds, opacity: float, key: str) -> None:
    """Draw one scan that could be read."""
    found = reading.detection
    if found is None:
        return
    with st.container(border=True, key=f"scan-{key}"):
        picture, words = st.columns([5, 6], gap="medium")
        with picture:
            _show_picture(reading, found, opacity)
        with words:
            _show_verdict(found)
            if not _refused(found):
                show(probabilities(found, thresholds), _said(found, thresholds), f"chart-{key}", 214, top=24)
            _show_small_print(found)


def _refused(found: Detection) -> bool:
    """Whether the picture was taken for no brain MRI: then no class is offered, nor a place."""
    return found.verdict is Verdict.NOT_BRAIN_MRI


def _show_picture(reading: Reading, found: Detection, opacity: float) -> None:
    grey = read_scan(reading.file.getvalue(), found.name).to_uint8()
    heat, mask = (None, None) if _refused(found) else (found.heat_map, found.mask)
    said = f"Scan {found.name}"
    if heat is not None and opacity > 0 and heat.any():
        said += f", with a heat map of what spoke for {class_word(found.result)}, strongest at the {place(heat)}"
    if mask is not None and mask.any():
        said += f", tumour outlined at the {place(mask.astype(np.float32))} over {mask.mean():.1%} of the image"
    st.image(_fitted(overlay(grey, heat, opacity, mask)), width="stretch", alt=f"{said}.")


def _fitted(pixels: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST, _LARGEST))
    return image


def _show_verdict(found: Detection) -> None:
    # `st.text` and `st.caption` of names: a file name is data, never markup.
    st.text(found.name)
    tone = VERDICT_TONES[found.verdict]
    st.header(f":{tone}[{VERDICT_TITLES[found.verdict]}]", anchor=False)
    st.markdown(found.reason if _refused(found) else f"**{_headline(found)}** {found.reason}")


def _headline(found: Detection) -> str:
    """The likeliest class, as a sentence that does not say more than the verdict."""
    likeliest = f"{class_word(found.result)} at {found.probabilities[found.result]:.1%}"
    return f"Likeliest is {likeliest}."


def _show_small_print(found: Detection) -> None:
    kept = listed(class_word(c) for c in found.prediction_set)
    among = "among " if len(found.prediction_set) > 1 else ""
    answer = "" if _refused(found) else f"At 95% coverage the answer is {among}{kept}. "
    took = f"read in {found.milliseconds['total']:.0f} ms"
    st.caption(f"{answer}Model {found.model_version}, {took}, SHA-256 {found.sha256[:12]}.")


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
    figure.update_xaxes(range=[0, 1.17], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(range=[4.55, -0.55], showgrid=False)
    return figure


def _said(found: Detection, thresholds: Thresholds) -> str:
    each = listed(f"{class_word(c)} {p:.1%}" for c, p in found.probabilities.items())
    return (
        f"Tumour probability {found.tumor_probability:.1%}; below {thresholds.low:.1%} a scan is cleared, from "
        f"{thresholds.high:.1%} it is called. By class: {each}."
    )
