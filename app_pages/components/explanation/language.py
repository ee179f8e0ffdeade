"""The language of the explanations: chosen once, kept for the visit, and part of the address."""

from typing import Final

import streamlit as st

from braintumor.explanation import LANGUAGES, choose_language, read_accuracy
from braintumor.explanation.report import ReportExplanations
from braintumor.inference.registry import Artifact

LANGUAGE_KEY: Final = "explanation-language"
_PARAMETER: Final = "language"


def current_language() -> str:
    """Return the chosen language; until then that of the address, else of the browser, else English."""
    for chosen in (st.session_state.get(LANGUAGE_KEY), st.query_params.get(_PARAMETER)):
        if chosen in LANGUAGES:
            return str(chosen)
    return choose_language(st.context.locale)


def ask_language(key: str) -> None:
    """Draw the selector; all selectors of a page show the same language, in which the next run is drawn."""
    widget = f"language-{key}"
    st.session_state[widget] = current_language()
    st.selectbox(
        "Language", list(LANGUAGES), key=widget, format_func=lambda code: LANGUAGES[code].name, width=160,
        on_change=_remember, args=(widget,),
    )  # fmt: skip


def report_explanations(artifact: Artifact) -> ReportExplanations:
    """Return what a report needs to explain readings in the chosen language."""
    return ReportExplanations(current_language(), read_accuracy(artifact))


def _remember(widget: str) -> None:
    language = str(st.session_state[widget])
    st.session_state[LANGUAGE_KEY] = st.query_params[_PARAMETER] = language
