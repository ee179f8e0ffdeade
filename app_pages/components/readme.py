"""The README in a window of its own, so that it can be read where no other host can be reached."""

import re
from pathlib import Path
from typing import Final

import streamlit as st

_PATH: Final = Path(__file__).resolve().parents[2] / "README.md"
# Pictures lie beside the file, where the browser cannot ask for them; comments are for whoever edits it.
_UNSEEN: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>|<!--.*?-->", re.DOTALL)


@st.dialog("README", width="large")
def show() -> None:
    """Open the README."""
    try:
        text = _PATH.read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if text:
        st.markdown(_UNSEEN.sub("", text))
    else:
        st.markdown("The README does not lie beside this copy of the app. It comes with the source.")
