"""Cards of the series and volumes: verdict, reason, lesion, planes, and a strip of probabilities along the slices."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from app_pages.components.detection.session import current_session
from app_pages.components.explanation.chat import show_chat
from app_pages.components.explanation.explanation_text import show_study_explanation
from app_pages.components.shared.colors import VERDICT_TONES
from braintumor.inference import Detection
from braintumor.inference.study import PlaneReading, StudyReading, StudySlice
from braintumor.reporting.labels import to_printable
from braintumor.reporting.study.context import study_details
from braintumor.reporting.study.result import StudyResult
from braintumor.text import VERDICT_TITLES, format_score, pluralize

# In percent of the height of the strip, so that a slice with a low probability is visible.
_MIN_HEIGHT: Final = 4
_MARKDOWN_CHARACTER: Final = re.compile(r"[!-/:-@\[-`{-~]")
_SCORE_MEANING: Final = (
    "The study score is not the probability of a tumour. A single slice counts only up to a limit, so that even an "
    "unambiguous study does not reach 0% or 100%. Compare it with the thresholds."
)


def by_suspicion(studies: Sequence[StudyResult]) -> list[StudyResult]:
    """Sort studies by verdict and score, most suspicious first."""
    return sorted(studies, key=lambda study: (study.reading.verdict.suspicion_rank, -study.reading.tumor_probability))


def show_studies(studies: Sequence[StudyResult]) -> None:
    """Draw a card for each study, most suspicious first; all but the first are folded, so that the scan is near."""
    for number, study in enumerate(by_suspicion(studies)):
        title = f"{_escape_markdown(to_printable(study.name))}: {study_title(study.reading)}"
        with st.expander(title, expanded=number == 0, icon=":material/stacks:", key=f"study-{number}"):
            _show_study(study)
            key_detection = _key_detection(study)
            show_study_explanation(study, f"study-{number}", key_detection)
            show_chat(
                study.reading, study.model_version, f"study-{number}", key_detection=key_detection, slices=study.slices
            )


def show_preliminary(readings: Sequence[tuple[str, StudyReading]]) -> None:
    """Draw the verdicts on series and volumes of which part was read."""
    for name, reading in readings:
        st.markdown(
            f"{_escape_markdown(to_printable(name))}: :{VERDICT_TONES[reading.verdict]}[**{study_title(reading)}**], "
            f"preliminary, from {reading.counts.read:,} of {pluralize(reading.counts.total, 'slice')}. "
            "The verdict can change as the others are read."
        )


def _key_detection(study: StudyResult) -> Detection | None:
    readings = current_session().readings()
    return next((reading.detection for reading in readings if reading.id == study.key_slice.id), None)


def study_title(reading: StudyReading) -> str:
    """Return the verdict with the study score, such as `Uncertain (study score 62%)`."""
    title = VERDICT_TITLES[reading.verdict]
    return f"{title} (study score {format_score(reading.tumor_probability)})" if reading.verdict.has_result else title


def _show_study(study: StudyResult) -> None:
    answer, strips = st.columns([1, 1], gap="medium")
    with answer:
        st.header(f":{VERDICT_TONES[study.reading.verdict]}[{study_title(study.reading)}]", anchor=False)
        st.markdown(study.reading.reason)
        st.text("\n".join(f"{title}: {text}" for title, text in study_details(study.reading)))
        if study.reading.verdict.has_result:
            st.caption(_SCORE_MEANING)
    with strips:
        st.html(strips_html(study))
        st.caption("Tumour probability of each slice, in the colour of its verdict. One slice alone does not decide.")


def _escape_markdown(text: str) -> str:
    """Show a file name as it is in a label, which Streamlit reads as Markdown."""
    return _MARKDOWN_CHARACTER.sub(r"\\\g<0>", text)


def strips_html(study: StudyResult) -> str:
    """Return a bar chart of the tumour probabilities along the slices of each plane, in the colours of the verdicts."""
    rows = "".join(
        f'<p>{escape(name)}</p><div role="img" aria-label="{escape(_strip_text(plane))}">'
        f"{''.join(map(_bar, slices))}</div>"
        for plane, (name, slices) in zip(study.reading.planes, study.strips(), strict=True)
    )
    return f'<div class="study-strips">{rows}</div>'


def _strip_text(plane: PlaneReading) -> str:
    score = "" if plane.score is None else f", tumour score {format_score(plane.score)}"
    return f"{plane.name}: {VERDICT_TITLES[plane.verdict]}{score}, {pluralize(plane.counts.read, 'slice')} read"


def _bar(each: StudySlice) -> str:
    height = max(_MIN_HEIGHT, round(100 * each.tumor_probability)) if each.votes else _MIN_HEIGHT
    return f'<i class="{VERDICT_TONES[each.verdict]}" style="height:{height}%"></i>'
