"""Blind reading: the scan with four answers, then the truth and the model's result."""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.practice.images import (
    LEGEND,
    available_layers,
    render_layers,
    render_scan,
    show_phantom_badge,
)
from app_pages.components.practice.round import PracticeRound, next_case, predict_current, submit_guess
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, join_words
from app_pages.components.shared.page import show_missing
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import BrainTumorError
from braintumor.inference import Detection, Detector
from braintumor.reader_study.cases import Case
from braintumor.reporting.labels import ClassProbability, class_probabilities, is_correct, is_correct_class, label_text

# Heights in pixels.
_CHART_MARGIN = 72
_BAR_HEIGHT = 27


def show_blind_reading(practice_round: PracticeRound, detector: Detector) -> None:
    """Draw the current scan: before the answer without its class, afterwards with truth and result."""
    case = practice_round.case
    if case is None:
        st.markdown("**That was the last scan.** Start a new round to see the scans in another order.")
        return
    try:
        if practice_round.guess is None:
            _show_blind(practice_round, case)
        else:
            _show_revealed(practice_round, case, practice_round.guess, predict_current(practice_round, detector))
    except BrainTumorError:
        # The error message contains the file name, and the file name contains the class.
        show_missing("This scan cannot be read on this machine. Restore the images with:", "braintumor data fetch")
        _show_next_button(practice_round)


def _show_blind(practice_round: PracticeRound, case: Case) -> None:
    image_column, answer_column = st.columns([6, 5], gap="medium")
    with image_column, st.container(key="scan-practice"):
        # Nothing may reveal the class: no file name, no size, the same text alternative for every scan.
        alt = f"Scan {practice_round.position + 1} to classify."
        st.image(render_scan(case), width="stretch", output_format="JPEG", alt=alt)
    with answer_column:
        if case.is_phantom:
            show_phantom_badge()
        st.header("What do you see?", anchor=False)
        for number, label in enumerate(CLASSES, start=1):
            st.button(
                label.title, key=f"guess-{number}", on_click=submit_guess, args=(practice_round, label),
                width="stretch", shortcut=str(number),
            )  # fmt: skip
        st.caption("Press 1 to 4 to answer. The true class and the model's result are shown afterwards.")


def _show_revealed(practice_round: PracticeRound, case: Case, guess: TumorClass, detection: Detection) -> None:
    image_column, answer_column = st.columns([6, 5], gap="medium")
    with image_column, st.container(key="scan-practice"):
        # The layer control is below the image, so that the image does not move when the control appears.
        image = st.empty()
        layers = _choose_layers(case, detection)
        overlays = f", with {join_words(map(str.lower, layers))}" if layers else ""
        image.image(
            render_layers(case, detection, layers), width="stretch", output_format="JPEG",
            alt=f"{case.name}: {class_text(case.label)}{overlays}.",
        )  # fmt: skip
    with answer_column:
        if case.is_phantom:
            show_phantom_badge()
        _show_truth(case, guess, detection)
        _show_model_prediction(case, detection)
        _show_next_button(practice_round)


def _choose_layers(case: Case, detection: Detection) -> list[str]:
    available = available_layers(case, detection)
    if not available:
        return []
    return st.segmented_control(
        "Show", available, selection_mode="multi", default=available,
        key=f"practice-layers-{len(available)}-{available[-1]}", persist_state="session", wrap=True, help=LEGEND,
    )  # fmt: skip


def _show_truth(case: Case, guess: TumorClass, detection: Detection) -> None:
    is_right = is_correct_class(guess, case.label, detection.is_multiclass)
    st.header(f"True class: {class_text(case.label)}", anchor=False)
    is_rejected = not detection.verdict.has_result
    result = (
        f"gave no class ({VERDICT_TITLES[detection.verdict]})" if is_rejected else f"answered {label_text(detection)}"
    )
    with st.container(horizontal=True, gap="small"):
        # A binary model is scored on tumour vs no tumour only, and so is the reader.
        scored_as = "" if detection.is_multiclass or not guess.is_tumor else ", scored as tumour"
        _show_answer_badge(f"You answered {class_text(guess)}{scored_as}", is_right)
        _show_answer_badge(f"{detection.model_version} {result}", not is_rejected and is_correct(detection, case.label))


def _show_answer_badge(text: str, is_right: bool) -> None:
    icon = ":material/check:" if is_right else ":material/close:"
    st.badge(f"{text}: {'right' if is_right else 'wrong'}", color="green" if is_right else "red", icon=icon)


def _show_model_prediction(case: Case, detection: Detection) -> None:
    """Draw the model's verdict, and its probabilities unless it rejected the scan."""
    tone = VERDICT_TONES[detection.verdict]
    st.markdown(f"**:{tone}[{VERDICT_TITLES[detection.verdict]}.]** {detection.reason}")
    if not detection.verdict.has_result:
        return
    bars = _displayed_probabilities(detection)
    values = join_words(f"{bar.title.lower()} {bar.value:.1%}" for bar in bars)
    title = "Class probabilities" if detection.is_multiclass else "Probability"
    alt = f"{title} by {detection.model_version}: {values}."
    show_chart(_plot_probabilities(case, bars), alt, "practice-chart", _CHART_MARGIN + _BAR_HEIGHT * len(bars))
    st.text(case.name)


def _plot_probabilities(case: Case, bars: list[ClassProbability]) -> go.Figure:
    """Plot the probabilities, with the true class marked."""
    names = [f"{bar.title}{', truth' if bar.label is case.label else ''}" for bar in bars]
    colors = [TUMOR_COLOR if bar.label is None else CLASS_COLORS[bar.label] for bar in bars]
    values = [bar.value for bar in bars]
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", width=0.62, marker_color=colors,
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )  # fmt: skip
    # In a column of their own, where no bar crosses them.
    for row, value in enumerate(values):
        figure.add_annotation(x=1.03, y=row, text=f"{value:.1%}", showarrow=False, xanchor="left", font={"size": 12})
    figure.update_xaxes(range=[0, 1.17], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(range=[len(names) - 0.45, -0.55], showgrid=False)
    return figure


def _displayed_probabilities(detection: Detection) -> list[ClassProbability]:
    """Return the four classes, or the tumour probability of a binary model."""
    tumor, *classes = class_probabilities(detection)
    return classes or [tumor]


def _show_next_button(practice_round: PracticeRound) -> None:
    st.button(
        "Next scan", key="practice-next", type="primary", on_click=partial(next_case, practice_round), shortcut="N",
        width="stretch",
    )  # fmt: skip
