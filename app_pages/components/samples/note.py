"""What a sample really is, below its result: truth, source and licence."""

import streamlit as st

from app_pages.components.samples.state import sample_of
from braintumor.services.reading_result import Reading


def show_sample_note(reading: Reading) -> None:
    """Say that a result is of a sample, and its truth; nothing for other scans."""
    sample = sample_of(reading.id, reading.sha256)
    if sample is None:
        return
    with st.container(border=True, key="sample-note"):
        subject = "the study" if sample.is_study else "the file"
        st.markdown(f"**This is a sample.** Truth of {subject}: **{sample.truth_text}**.")
        st.caption(
            f"Source: [{sample.source}]({sample.url}). Licence: {sample.licence}. Changes: {sample.changes}. "
            "Samples are not stored in the history and not listed in the session log. To keep a result, use Downloads."
        )
