"""Training images that are most similar to the selected scan according to the model, and whether they contradict it."""

from collections import OrderedDict
from typing import Final

import streamlit as st

from app_pages.components.shared.formatting import class_text
from braintumor.datasets.catalog import evaluation_dataset
from braintumor.enums import Verdict
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.inference import Detection, Detector
from braintumor.inference.retrieval import SimilarScan, count_contradicting
from braintumor.services.reading_result import Reading

_SIMILAR_COUNT: Final = 6
_CACHE_KEY: Final = "similar-scans-cache"
_MAX_CACHED: Final = 64


def find_similar_scans(detector: Detector, reading: Reading) -> tuple[SimilarScan, ...]:
    """Return the training images most similar to a scan as it was read; none without an index or without pixels.

    Raises
    ------
    ArtifactError
        The index was altered.
    """
    cached: OrderedDict[tuple[object, ...], tuple[SimilarScan, ...]]
    cached = st.session_state.setdefault(_CACHE_KEY, OrderedDict())
    key = (detector.version, reading.id, reading.shown_edit)
    if key not in cached and reading.compressed_scan is not None:
        cached[key] = detector.most_similar(reading.compressed_scan.to_scan(), _SIMILAR_COUNT)
        if len(cached) > _MAX_CACHED:
            cached.popitem(last=False)
    return cached.get(key, ())


def similar_to_verdict(detector: Detector, reading: Reading, detection: Detection) -> tuple[SimilarScan, ...]:
    """Return the most similar training scans of a scan with a suspected or ruled-out tumour; none for others."""
    if detection.verdict not in (Verdict.TUMOR_SUSPECTED, Verdict.NO_TUMOR_FOUND):
        return ()
    try:
        return find_similar_scans(detector, reading)
    except BrainTumorError:  # shown below, in place of the list
        return ()


def describe_contradiction(detector: Detector, reading: Reading, detection: Detection) -> str:
    """Return a sentence if the most similar training scans contradict the verdict; else an empty text."""
    similar_scans = similar_to_verdict(detector, reading, detection)
    count = count_contradicting(detection.verdict, similar_scans)
    other = "no tumour" if detection.verdict is Verdict.TUMOR_SUSPECTED else "a tumour"
    if not count:
        return ""
    return (
        f"{count} of the {len(similar_scans)} most similar training scans show {other}, so the verdict is less certain "
        "than its score says. A reader should decide."
    )


def show_similar_scans(detector: Detector, reading: Reading) -> None:
    """Draw the most similar training images in a collapsed expander."""
    with st.expander("Similar training scans", key="similar-scans", on_change="rerun") as expander:
        if not expander.open:
            return
        try:
            similar_scans = find_similar_scans(detector, reading)
        except BrainTumorError as error:  # the index file was altered
            st.caption(str(error))
            return
        if not similar_scans:
            st.markdown(f"Version {detector.version} has no index of its training scans.")
            return
        st.caption(
            "The training images most similar to this scan according to the model, at most one per patient or group of "
            "near-duplicates, with the labels of the image set."
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
