"""Confirmation by the browser before the site is left or reloaded with unsaved findings."""

from pathlib import Path
from typing import Final

import streamlit as st

from app_pages.components.shared.page_tools import read_asset

_SCRIPT: Final = Path(__file__).parent / "assets" / "unsaved_warning.js"
_USED_KEY: Final = "unsaved-warning"


def show_unsaved_warning(key: str, has_unsaved: bool) -> None:
    """Ask for confirmation before leaving while there are unsaved findings; draw nothing before the first one.

    Parameters
    ----------
    key : str
        Of the place where it is drawn: on every page, and where findings are edited without drawing the whole page.
    """
    if has_unsaved or st.session_state.get(_USED_KEY):
        st.session_state[_USED_KEY] = True
        component = st.components.v2.component("unsaved_warning", js=read_asset(_SCRIPT))
        component(key=f"unsaved-warning-{key}", data={"unsaved": has_unsaved}, height=1)
