"""Which sample is open in this browser session, and which readings are of it."""

from typing import Final

import streamlit as st
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from braintumor.samples import Sample, find_sample
from braintumor.services.file_groups import short_hash
from braintumor.services.reading_result import group_id

_OPEN_KEY: Final = "open-sample"


def open_sample(name: str) -> None:
    """Open a sample instead of the one that is open."""
    st.session_state[_OPEN_KEY] = name


def close_sample() -> None:
    """Close the open sample."""
    st.session_state.pop(_OPEN_KEY, None)


def current_sample() -> Sample | None:
    """Return the open sample, or None."""
    return find_sample(st.session_state.get(_OPEN_KEY, ""))


def to_upload(sample: Sample) -> UploadedFile:
    """Return a sample as the file that a visitor would have uploaded, so that it is read in the same way."""
    record = UploadedFileRec(_file_id(sample), sample.file, "application/octet-stream", sample.path.read_bytes())
    return UploadedFile(record, FileURLs())


def sample_of(reading_id: str, sha256: str) -> Sample | None:
    """Return the open sample if a reading is of it, by the ID of the reading or a slice and the hash of its file.

    The same file uploaded by the visitor while it is not open as a sample is read as any other.
    """
    sample = current_sample()
    if sample is None:
        return None
    is_of_sample = sha256 == sample.sha256 or group_id(reading_id) == short_hash(_file_id(sample))
    return sample if is_of_sample else None


def _file_id(sample: Sample) -> str:
    return f"sample-{sample.name}"
