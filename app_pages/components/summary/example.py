"""A sample as the served model reads it, with its outline."""

from typing import Final, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.shared import cache
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.imaging.overlay import draw_overlay
from braintumor.inference import Detector
from braintumor.reporting.labels import verdict_title
from braintumor.samples import Sample, list_samples
from braintumor.text import format_score

_HEAT_MAP_ALPHA: Final = 0.6


class _Example(NamedTuple):
    pixels: NDArray[np.uint8]
    caption: str


def show_example(version: str) -> None:
    """Draw the first sample with its result; without a model, nothing."""
    sample = list_samples()[0]
    try:
        detector = cache.get_detector(version)
        example = _read(version, sample.sha256, cache.stamp_folder(detector.artifact.folder), detector, sample)
    except BrainTumorError:
        return
    with st.container(key="scan-example", gap="xxsmall"):
        st.image(example.pixels, width="stretch", output_format="JPEG", alt=f"{sample.title}. {example.caption}")
        st.caption(f"{sample.title}. {example.caption}")


@st.cache_data(show_spinner="Reading a sample", max_entries=4)
def _read(version: str, sha256: str, when: cache.FolderStamp, _detector: Detector, _sample: Sample) -> _Example:
    scan = read_scan(_sample.path)
    detection = _detector.detect(scan)
    caption = f"Version {version}: {verdict_title(detection).lower()}"
    if not detection.verdict.has_result:
        return _Example(draw_overlay(scan.to_uint8(), None), f"{caption}.")
    caption += f", tumour score {format_score(detection.tumor_probability)}."
    if detection.mask is not None and detection.mask.any():
        return _Example(draw_overlay(scan.to_uint8(), None, mask=detection.mask), f"{caption} Blue: its outline.")
    pixels = draw_overlay(scan.to_uint8(), detection.heat_map, _HEAT_MAP_ALPHA)
    return _Example(pixels, f"{caption} Warm colours: evidence for the answer.")
