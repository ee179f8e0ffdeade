"""Reading blind: the scan with four answers to choose from, then the truth and the model's answer beside it."""

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from app_pages.components import practice_picture as pictures
from app_pages.components.charts import show
from app_pages.components.frame import missing
from app_pages.components.palette import CLASS_COLORS, TUMOR_COLOR, VERDICT_TONES
from app_pages.components.practice_round import Round, ask, go_on, guess
from app_pages.components.words import VERDICT_TITLES, class_word, listed
from braintumor.errors import BrainTumorError
from braintumor.evaluation.practice import Case
from braintumor.inference import Detection, Detector
from braintumor.reporting.answer import Chance, answer_word, chances, is_right, said_right
from braintumor.vocabulary import CLASSES, TumorClass, Verdict


def show_reading(game: Round, detector: Detector) -> None:
    """The scan on the page, hidden or told."""
    case = game.case
    if case is None:
        st.markdown("**That was the last one.** Begin another round to meet the scans in another order.")
        return
    try:
        if game.guess is None:
            _show_blind(game, case)
        else:
            _show_told(game, case, game.guess, ask(game, detector))
    except BrainTumorError:
        # The message names the file, and the file its class.
        missing("This scan cannot be read on this machine. Restore the images with:", "braintumor data fetch")
        _next_button(game)


def _show_blind(game: Round, case: Case) -> None:
    picture, words = st.columns([6, 5], gap="medium")
    with picture, st.container(key="scan-practice"):
        # Nothing about the picture may tell its class: no name, no size, the same words for every scan.
        st.image(pictures.plain(case), width="stretch", output_format="JPEG", alt=f"Scan {game.place + 1} to be read.")
    with words:
        if case.drawn:
            pictures.mark_drawn()
        st.header("What do you see?", anchor=False)
        for number, label in enumerate(CLASSES, start=1):
            st.button(
                label.title, key=f"guess-{number}", on_click=guess, args=(game, label), width="stretch",
                shortcut=str(number),
            )  # fmt: skip
        st.caption("Keys 1 to 4 answer. The truth and the model's answer come after yours.")


def _show_told(game: Round, case: Case, said: TumorClass, found: Detection) -> None:
    picture, words = st.columns([6, 5], gap="medium")
    with picture, st.container(key="scan-practice"):
        # Its control stands below, so that the scan stays where it was.
        place = st.empty()
        chosen = _choose_layers(case, found)
        alt = f"{case.name}: {class_word(case.label)}" + (f", with {listed(map(str.lower, chosen))}" if chosen else "")
        place.image(pictures.laid_over(case, found, chosen), width="stretch", output_format="JPEG", alt=f"{alt}.")
    with words:
        if case.drawn:
            pictures.mark_drawn()
        _show_truth(case, said, found)
        _show_answer(case, found)
        _next_button(game)


def _choose_layers(case: Case, found: Detection) -> list[str]:
    there = pictures.layers(case, found)
    if not there:
        return []
    return st.segmented_control(
        "Show", there, selection_mode="multi", default=there, key=f"practice-layers-{len(there)}-{there[-1]}",
        persist_state="session", wrap=True, help=pictures.LEGEND,
    )  # fmt: skip


def _show_truth(case: Case, said: TumorClass, found: Detection) -> None:
    right = said_right(said, case.label, found.tells_kinds)
    st.header(f"The truth: {class_word(case.label)}", anchor=False)
    refused = found.verdict is Verdict.NOT_BRAIN_MRI
    its = "gave no class" if refused else f"said {answer_word(found)}"
    with st.container(horizontal=True, gap="small"):
        judged = "" if found.tells_kinds or not said.is_tumor else ", a tumour"  # which is all this version judges by
        _mark(f"You said {class_word(said)}{judged}", right)
        _mark(f"{found.model_version} {its}", not refused and is_right(found, case.label))


def _mark(text: str, right: bool) -> None:
    icon = ":material/check:" if right else ":material/close:"
    st.badge(f"{text}: {'right' if right else 'wrong'}", color="green" if right else "red", icon=icon)


def _show_answer(case: Case, found: Detection) -> None:
    """The model's verdict in words, and its probabilities unless it refused."""
    tone = VERDICT_TONES[found.verdict]
    st.markdown(f"**:{tone}[{VERDICT_TITLES[found.verdict]}.]** {found.reason}")
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return
    each = listed(f"{chance.title.lower()} {chance.value:.1%}" for chance in _chances(found))
    said = f"Probability {'of each class ' if found.tells_kinds else ''}by {found.model_version}: {each}."
    show(_probabilities(case, found), said, "practice-chart", 72 + 27 * len(_chances(found)))
    st.text(case.name)


def _probabilities(case: Case, found: Detection) -> go.Figure:
    """Bars of the four classes, the truth named; of any tumour alone where no kind is told."""
    said = _chances(found)
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


def _chances(found: Detection) -> list[Chance]:
    first, *classes = chances(found)
    return classes or [first]


def _next_button(game: Round) -> None:
    st.button(
        "Next scan", key="practice-next", type="primary", on_click=partial(go_on, game), shortcut="N", width="stretch"
    )
