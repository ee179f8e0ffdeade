"""Readings: each uploaded file read once and kept for the visit; a bad file costs only its own row. Writes nothing."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from braintumor.errors import BrainTumorError
from braintumor.inference import Detection, Detector
from braintumor.reporting.csv import Row, csv_row, error_row

_LOG = logging.getLogger(__name__)
_KEY = "readings"
# Below this many new files a progress bar would only flicker.
_WORTH_A_BAR = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one uploaded file: a detection, or what is wrong with it in a sentence."""

    file: UploadedFile
    row: Row
    detection: Detection | None = None
    error: str = ""


def read_all(detector: Detector, files: Sequence[UploadedFile]) -> list[Reading]:
    """Readings of the files, in their order. Those read before keep their time; removed files are forgotten."""
    known: dict[tuple[str, str], Reading] = st.session_state.get(_KEY, {})
    keys = [(detector.version, file.file_id) for file in files]
    new = [file for key, file in zip(keys, files, strict=True) if key not in known]
    bar = st.progress(0.0) if len(new) >= _WORTH_A_BAR else None
    for number, file in enumerate(new):
        if bar is not None:
            bar.progress(number / len(new), f"Reading {number + 1} of {len(new)}")
        known[detector.version, file.file_id] = _read(detector, file)
    if bar is not None:
        bar.empty()
    st.session_state[_KEY] = {key: known[key] for key in keys}
    return list(st.session_state[_KEY].values())


def _read(detector: Detector, file: UploadedFile) -> Reading:
    content = file.getvalue()
    try:
        found = detector.detect(content, file.name)
        return Reading(file, csv_row(found), found)
    except BrainTumorError as error:
        sentence = str(error)
    except Exception:
        # The name stays out of the log: it may name a patient.
        _LOG.exception("An uploaded file raised what no reader foresaw")
        sentence = f"{file.name}: this file could not be read. Export the slice again as JPEG or PNG and try that."
    digest = hashlib.sha256(content).hexdigest() if content else None
    return Reading(file, error_row(file.name, sentence, detector.version, digest), error=sentence)
