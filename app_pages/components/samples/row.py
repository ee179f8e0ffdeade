"""Row of samples: a small picture of each, and a button that opens it."""

from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.samples.state import close_sample, current_sample, open_sample, to_upload
from braintumor.samples import Sample, list_samples

TITLE: Final = "No scan at hand? Try one"
_CAPTION: Final = (
    "Public scans of test patients, a head CT and a damaged file. Truth, source and licence are shown with the result. "
    "Samples are neither stored nor logged."
)


def show_samples() -> bool:
    """Draw the samples; return whether one was opened in this run."""
    samples = list_samples()
    grid = st.grid(len(samples), min_column_width=96, gap="small")
    is_opened = False
    for sample in samples:
        with grid.cell():
            is_opened |= _show_sample(sample)
    st.caption(_CAPTION)
    return is_opened


def choose_sample(has_uploads: bool) -> list[UploadedFile]:
    """Draw the samples of the Detection page and return the open one; they are folded once something is read."""
    sample = current_sample()
    if sample is None and not has_uploads:
        st.markdown(f"**{TITLE}**")
        show_samples()
        return []
    with st.expander(TITLE, key="samples"):
        show_samples()
        if sample is not None:
            st.button("Close the sample", on_click=close_sample, key="close-sample")
    return [] if sample is None else [to_upload(sample)]


def _show_sample(sample: Sample) -> bool:
    with st.container(key=f"scan-{sample.name}", gap="xxsmall"):
        st.image(str(sample.thumbnail), width="stretch", alt=f"Thumbnail of sample {sample.title.lower()}.")
        return st.button(
            sample.title, on_click=open_sample, args=(sample.name,), key=f"sample-{sample.name}", width="stretch"
        )
