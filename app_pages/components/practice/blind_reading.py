"""Reading blind: the scan with four answers to choose from, then the truth and the model's answer beside it."""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.practice import images as pictures
from app_pages.components.practice.round import PracticeRound, next_case, predict_current, submit_guess
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, join_words
from app_pages.components.shared.page import show_missing
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detection, Detector
from braintumor.reader_study.cases import Case
from braintumor.reporting.labels import ClassProbability, class_probabilities, is_correct, is_correct_class, label_text


def show_blind_reading(practice_round: PracticeRound, detector: Detector) -> None:
    """The scan on the page, hidden or told."""
    case = practice_round.case
    if case is None:
        st.markdown("**That was the last one.** Begin another round to meet the scans in another order.")
        return
    try:
        if practice_round.guess is None:
            _show_blind(practice_round, case)
        else:
            _show_revealed(practice_round, case, practice_round.guess, predict_current(practice_round, detector))
    except BrainTumorError:
        # The message names the file, and the file its class.
        show_missing("This scan cannot be read on this machine. Restore the images with:", "braintumor data fetch")
        _show_next_button(practice_round)


def _show_blind(practice_round: PracticeRound, case: Case) -> None:
    picture, words = st.columns([6, 5], gap="medium")
    with picture, st.container(key="scan-practice"):
        # Nothing about the picture may tell its class: no name, no size, the same words for every scan.
        st.image(
            pictures.render_scan(case),
            width="stretch",
            output_format="JPEG",
            alt=f"Scan {practice_round.position + 1} to be read.",
        )
    with words:
        if case.is_phantom:
            pictures.show_phantom_badge()
        st.header("What do you see?", anchor=False)
        for number, label in enumerate(CLASSES, start=1):
            st.button(
                label.title, key=f"guess-{number}", on_click=submit_guess, args=(practice_round, label), width="stretch",
                shortcut=str(number),
            )  # fmt: skip
        st.caption("Keys 1 to 4 answer. The truth and the model's answer come after yours.")


def _show_revealed(practice_round: PracticeRound, case: Case, guess: TumorClass, detection: Detection) -> None:
    picture, words = st.columns([6, 5], gap="medium")
    with picture, st.container(key="scan-practice"):
        # Its control stands below, so that the scan stays where it was.
        place = st.empty()
        chosen = _choose_layers(case, detection)
        alt = f"{case.name}: {class_text(case.label)}" + (
            f", with {join_words(map(str.lower, chosen))}" if chosen else ""
        )
        place.image(
            pictures.render_layers(case, detection, chosen), width="stretch", output_format="JPEG", alt=f"{alt}."
        )
    with words:
        if case.is_phantom:
            pictures.show_phantom_badge()
        _show_truth(case, guess, detection)
        _show_model_prediction(case, detection)
        _show_next_button(practice_round)


def _choose_layers(case: Case, detection: Detection) -> list[str]:
    there = pictures.available_layers(case, detection)
    if not there:
        return []
    return st.segmented_control(
        "Show", there, selection_mode="multi", default=there, key=f"practice-layers-{len(there)}-{there[-1]}",
        persist_state="session", wrap=True, help=pictures.LEGEND,
    )  # fmt: skip


def _show_truth(case: Case, guess: TumorClass, detection: Detection) -> None:
    right = is_correct_class(guess, case.label, detection.is_multiclass)
    st.header(f"The truth: {class_text(case.label)}", anchor=False)
    refused = detection.verdict is Verdict.NOT_BRAIN_MRI
    its = "gave no class" if refused else f"said {label_text(detection)}"
    with st.container(horizontal=True, gap="small"):
        judged = (
            "" if detection.is_multiclass or not guess.is_tumor else ", a tumour"
        )  # which is all this version judges by
        _show_answer_badge(f"You said {class_text(guess)}{judged}", right)
        _show_answer_badge(f"{detection.model_version} {its}", not refused and is_correct(detection, case.label))


def _show_answer_badge(text: str, correct: bool) -> None:
    icon = ":material/check:" if correct else ":material/close:"
    st.badge(f"{text}: {'right' if correct else 'wrong'}", color="green" if correct else "red", icon=icon)


def _show_model_prediction(case: Case, detection: Detection) -> None:
    """The model's verdict in words, and its probabilities unless it refused."""
    tone = VERDICT_TONES[detection.verdict]
    st.markdown(f"**:{tone}[{VERDICT_TITLES[detection.verdict]}.]** {detection.reason}")
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return
    each = join_words(f"{chance.title.lower()} {chance.value:.1%}" for chance in _displayed_probabilities(detection))
    said = f"Probability {'of each class ' if detection.is_multiclass else ''}by {detection.model_version}: {each}."
    show_chart(
        _plot_probabilities(case, detection), said, "practice-chart", 72 + 27 * len(_displayed_probabilities(detection))
    )
    st.text(case.name)


def _plot_probabilities(case: Case, detection: Detection) -> go.Figure:
    """Bars of the four classes, the truth named; of any tumour alone where no kind is told."""
    said = _displayed_probabilities(detection)
    names = [f"{chance.title}{', truth' if chance.label is case.label else ''}" for chance in said]
    colors = [TUMOR_COLOR if chance.label is None else CLASS_COLORS[chance.label] for chance in said]
    values = [chance.value for chance in said]
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", width=0.62, marker_color=colors,
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )  # fmt: skip
    # In a column of their own, where no bar runs through them.
    for row, value in enumerate(values):
        figure.add_annotation(x=1.03, y=row, text=f"{value:.1%}", showarrow=False, xanchor="left", font={"size": 12})
    figure.update_xaxes(range=[0, 1.17], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(range=[len(names) - 0.45, -0.55], showgrid=False)
    return figure


def _displayed_probabilities(detection: Detection) -> list[ClassProbability]:
    first, *classes = class_probabilities(detection)
    return classes or [first]


def _show_next_button(practice_round: PracticeRound) -> None:
    st.button(
        "Next scan",
        key="practice-next",
        type="primary",
        on_click=partial(next_case, practice_round),
        shortcut="N",
        width="stretch",
    )
