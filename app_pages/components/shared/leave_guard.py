"""Question of the browser before the site is left or reloaded with unsaved findings."""

from pathlib import Path
from typing import Final

import streamlit as st

_SCRIPT: Final = Path(__file__).parent / "assets" / "leave_guard.js"
_USED_KEY: Final = "leave-guard"


def show_leave_guard(key: str, unsaved: bool) -> None:
    """Ask before leaving while there are unsaved findings; draws nothing before the first one.

    Parameters
    ----------
    key : str
        Of the place where it is drawn: on every page, and where findings are edited without drawing the whole page.
    """
    if unsaved or st.session_state.get(_USED_KEY):
        st.session_state[_USED_KEY] = True
        component = st.components.v2.component("leave_guard", js=_SCRIPT.read_text(encoding="utf-8"))
        component(key=f"leave-guard-{key}", data={"unsaved": unsaved}, height=1)
