"""Nearest known scans: training images that the model finds most alike, as pictures where the image set is on disk."""

from typing import Final

import streamlit as st

from app_pages.components.reading_picture import Picture
from app_pages.components.words import class_word
from braintumor.dataset.sets import learnt_from
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.neighbours import Neighbour

_SHOWN: Final = 6


def show_neighbours(detector: Detector, picture: Picture) -> None:
    """The most similar training images, folded until they are asked for."""
    with st.expander("Nearest known scans", key="neighbours", on_change="rerun") as part:
        if not part.open:
            return
        try:
            found = detector.nearest(picture.scan(), _SHOWN)
        except BrainTumorError as problem:  # the index was altered
            st.caption(str(problem))
            return
        if not found:
            st.markdown(f"Version {detector.version} keeps no index of the scans it learnt from.")
            return
        st.caption(
            "Training images that look most alike to the model, one of each patient or group of near-duplicates. "
            "Their labels are the collection's."
        )
        grid = st.grid(3, min_column_width=90)
        for neighbour in found:
            with grid.cell():
                _show(detector, neighbour)


def _show(detector: Detector, neighbour: Neighbour) -> None:
    label = "tumour of a kind nobody said" if neighbour.label is None else class_word(neighbour.label)
    words = f"{label.capitalize()}, similarity {neighbour.similarity:.2f}"
    folder = detector.settings.inputs / learnt_from(detector.artifact.card.raw).folder
    try:
        scan = read_scan(folder / neighbour.path, settings=detector.settings)
    except BrainTumorError:
        st.caption(f"{words}. Its picture is not on this machine.")
        return
    st.image(scan.to_uint8(), width="stretch", alt=f"A training image: {words}.")
    st.caption(words)
