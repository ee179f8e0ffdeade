"""The README in a window of its own, so that it can be read where no other host can be reached."""

import re
from pathlib import Path
from typing import Final

import streamlit as st

_README_PATH: Final = Path(__file__).resolve().parents[2] / "README.md"
# Pictures lie beside the file, where the browser cannot ask for them; comments are for whoever edits it.
_HIDDEN_MARKUP: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>|<!--.*?-->", re.DOTALL)


@st.dialog("README", width="large")
def show_readme() -> None:
    """Open the README."""
    try:
        text = _README_PATH.read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if text:
        st.markdown(_HIDDEN_MARKUP.sub("", text))
    else:
        st.markdown("The README does not lie beside this copy of the app. It comes with the source.")
