"""Nearest known scans: training images that the model finds most alike, as pictures where the image set is on disk."""

from typing import Final

import streamlit as st

from app_pages.components.shared.formatting import class_text
from braintumor.datasets.catalog import training_dataset
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.inference import Detector
from braintumor.inference.retrieval import SimilarScan

_SIMILAR_COUNT: Final = 6


def show_similar_scans(detector: Detector, compressed_scan: CompressedScan) -> None:
    """The most similar training images, folded until they are asked for."""
    with st.expander("Nearest known scans", key="neighbours", on_change="rerun") as part:
        if not part.open:
            return
        try:
            found = detector.most_similar(compressed_scan.to_scan(), _SIMILAR_COUNT)
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
                _show_similar_scan(detector, neighbour)


def _show_similar_scan(detector: Detector, similar_scan: SimilarScan) -> None:
    label = "tumour of a kind nobody said" if similar_scan.label is None else class_text(similar_scan.label)
    words = f"{label.capitalize()}, similarity {similar_scan.similarity:.2f}"
    folder = detector.settings.inputs / training_dataset(detector.artifact.card.recipe).folder
    try:
        scan = read_scan(folder / similar_scan.path, settings=detector.settings)
    except BrainTumorError:
        st.caption(f"{words}. Its picture is not on this machine.")
        return
    st.image(scan.to_uint8(), width="stretch", alt=f"A training image: {words}.")
    st.caption(words)
