"""Explanation of a reading in words, next to its verdict."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from app_pages.components.explanation.language import ask_language, current_language
from app_pages.components.shared import cache
from app_pages.components.shared.page_tools import read_asset
from braintumor.explanation import Explanation, explain_in_words
from braintumor.explanation.languages import Language
from braintumor.inference import Detection
from braintumor.inference.retrieval import SimilarScan
from braintumor.reporting.study.result import StudyResult

_ASSETS: Final = Path(__file__).parent / "assets"


def show_explanation(detection: Detection, key: str, similar_scans: Sequence[SimilarScan] = ()) -> None:
    """Draw the explanation of a slice: its first paragraph, and all others in a collapsed expander.

    Parameters
    ----------
    key : str
        Unique on the page.
    """
    detector = cache.find_detector(detection.model_version)
    if detector is not None:
        explanation = explain_in_words(
            detection, current_language(), artifact=detector.artifact, similar_scans=similar_scans
        )
        _show(explanation, key)


def show_study_explanation(study: StudyResult, key: str, key_detection: Detection | None = None) -> None:
    """Draw the explanation of a study; `key_detection` is the result of its first key slice."""
    detector = cache.find_detector(study.model_version)
    if detector is not None:
        explanation = explain_in_words(
            study.reading, current_language(), artifact=detector.artifact, key_detection=key_detection,
            slices=study.slices,
        )  # fmt: skip
        _show(explanation, key)


def _show(explanation: Explanation, key: str) -> None:
    st.html(_ASSETS / "explanation.css")
    first, rest = explanation.paragraphs[0], explanation.paragraphs[1:]
    st.html(_to_html(f"<p>{escape(first.text)}</p>", explanation.language))
    with st.expander("More in words", icon=":material/notes:", key=f"words-{key}"):
        ask_language(key)
        paragraphs = "".join(f"<p><b>{escape(p.title)}</b>{escape(p.text)}</p>" for p in rest)
        notice = f'<p class="notice">{escape(explanation.notice)}</p>'
        st.html(_to_html(paragraphs + notice, explanation.language))
        _show_copy_button(str(explanation), key)


def _to_html(paragraphs: str, language: Language) -> str:
    return f'<div class="explanation" lang="{language.code}" dir="{language.direction}">{paragraphs}</div>'


def _show_copy_button(text: str, key: str) -> None:
    html, css, script = (read_asset(_ASSETS / f"copy.{suffix}") for suffix in ("html", "css", "js"))
    copy_button = st.components.v2.component("copy_text", html=html, css=css, js=script)
    copy_button(key=f"copy-{key}", data={"text": text})
