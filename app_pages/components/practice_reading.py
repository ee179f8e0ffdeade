"""Reading blind: the scan with four answers to choose from, then the truth and the model's answer beside it."""

from functools import partial

import streamlit as st

from app_pages.components import practice_picture as pictures
from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import missing
from app_pages.components.palette import CLASS_COLORS, VERDICT_TONES
from app_pages.components.practice_round import Round, ask, go_on, guess
from app_pages.components.words import VERDICT_TITLES, class_word, listed
from braintumor.errors import BrainTumorError
from braintumor.evaluation.measures import Estimate
from braintumor.evaluation.practice import Case
from braintumor.inference import Detection, Detector
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
        chosen = _choose_layers(case, found)
        alt = f"{case.name}: {class_word(case.label)}" + (f", with {listed(map(str.lower, chosen))}" if chosen else "")
        st.image(pictures.laid_over(case, found, chosen), width="stretch", output_format="JPEG", alt=f"{alt}.")
        st.text(case.name)
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
        persist_state="session", wrap=True, help="Blue is the model's outline, orange the true one where it is known.",
    )  # fmt: skip


def _show_truth(case: Case, said: TumorClass, found: Detection) -> None:
    right = said is case.label
    st.header(f"The truth: {class_word(case.label)}", anchor=False)
    refused = found.verdict is Verdict.NOT_BRAIN_MRI
    its = "gave no class" if refused else f"said {class_word(found.result)}"
    with st.container(horizontal=True, gap="small"):
        _mark(f"You said {class_word(said)}", right)
        _mark(f"{found.model_version} {its}", not refused and found.result is case.label)


def _mark(text: str, right: bool) -> None:
    icon = ":material/check:" if right else ":material/close:"
    st.badge(f"{text}: {'right' if right else 'wrong'}", color="green" if right else "red", icon=icon)


def _show_answer(case: Case, found: Detection) -> None:
    """The model's verdict in words, and its probabilities unless it refused."""
    tone = VERDICT_TONES[found.verdict]
    st.markdown(f"**:{tone}[{VERDICT_TITLES[found.verdict]}.]** {found.reason}")
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return
    bars = [
        Bar(f"{c.title}{', truth' if c is case.label else ''}", Estimate(p), f"{p:.1%}", CLASS_COLORS[c])
        for c, p in found.probabilities.items()
    ]
    each = listed(f"{class_word(c)} {p:.1%}" for c, p in found.probabilities.items())
    figure = intervals(bars)
    figure.update_xaxes(range=[-0.03, 1.03])
    show(figure, f"Probability of each class by {found.model_version}: {each}.", "practice-chart", 170)


def _next_button(game: Round) -> None:
    st.button(
        "Next scan", key="practice-next", type="primary", on_click=partial(go_on, game), shortcut="N", width="stretch"
    )
