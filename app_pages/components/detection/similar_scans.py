"""Training images that are most similar to the selected scan according to the model."""

from typing import Final

import streamlit as st

from app_pages.components.shared.formatting import class_text
from braintumor.datasets.catalog import evaluation_dataset
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.inference import Detector
from braintumor.inference.retrieval import SimilarScan

_SIMILAR_COUNT: Final = 6


def show_similar_scans(detector: Detector, compressed_scan: CompressedScan) -> None:
    """Draw the most similar training images in a collapsed expander."""
    with st.expander("Similar training scans", key="similar-scans", on_change="rerun") as expander:
        if not expander.open:
            return
        try:
            similar_scans = detector.most_similar(compressed_scan.to_scan(), _SIMILAR_COUNT)
        except BrainTumorError as error:  # the index file was altered
            st.caption(str(error))
            return
        if not similar_scans:
            st.markdown(f"Version {detector.version} has no index of its training scans.")
            return
        st.caption(
            "The training images most similar to this scan according to the model, at most one per patient or group of "
            "near-duplicates, with the labels of the data set."
        )
        grid = st.grid(3, min_column_width=90)
        for similar_scan in similar_scans:
            with grid.cell():
                _show_similar_scan(detector, similar_scan)


def _show_similar_scan(detector: Detector, similar_scan: SimilarScan) -> None:
    label = "tumour of unknown type" if similar_scan.label is None else class_text(similar_scan.label)
    caption = f"{label.capitalize()}, similarity {similar_scan.similarity:.2f}"
    folder = detector.settings.inputs / evaluation_dataset(detector.artifact.card.recipe).folder
    try:
        scan = read_scan(folder / similar_scan.path, settings=detector.settings)
    except BrainTumorError:
        st.caption(f"{caption}. The image is not on this machine.")
        return
    st.image(scan.to_uint8(), width="stretch", alt=f"Training image: {caption}.")
    st.caption(caption)
