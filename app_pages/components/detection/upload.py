"""Upload of files or a folder, and their removal, from the server too."""

from typing import Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.samples.state import close_sample
from braintumor.imaging.file_format import FORMAT_NAMES
from braintumor.settings import Settings

FILES_OPTION: Final = "Files or ZIP"
FOLDER_OPTION: Final = "Folder"
_FORMATS: Final = f"{', '.join(FORMAT_NAMES[:-1])}, or a {FORMAT_NAMES[-1]} of them"
_STORED: Final = "The pixels of the scans and their results are stored in your history, without other file data."
_NOT_STORED: Final = "Files are read in memory and not stored."
_UPLOADER_COUNT_KEY: Final = "uploader-count"
_UPLOADS_KEY: Final = "uploads"


def choose_source() -> str:
    """Return whether to upload single files or a folder."""
    return st.segmented_control(
        "Upload", [FILES_OPTION, FOLDER_OPTION], default=FILES_OPTION, required=True, key="source"
    )


def choose_files(source: str, settings: Settings, is_saving: bool = False) -> list[UploadedFile]:
    """Return the uploaded files. Any file name is accepted: the format is detected from the content.

    Parameters
    ----------
    is_saving : bool
        Whether scans are stored in the history, which the help text says.
    """
    is_folder, key = source == FOLDER_OPTION, f"upload-{source}-{st.session_state.get(_UPLOADER_COUNT_KEY, 0)}"
    files = st.file_uploader(
        f"{'A folder with its subfolders' if is_folder else _FORMATS}. {limits_text(settings)}",
        accept_multiple_files="directory" if is_folder else True,
        max_upload_size=largest_upload(settings) // 2**20,
        key=key,
        help=f"{_STORED if is_saving else _NOT_STORED} Remove patient names from file names before you upload.",
    )
    _release_uploads(key, {file.file_id for file in files})
    limit = settings.max_files
    if len(files) > limit:
        st.error(f"{len(files):,} files uploaded, but at most {limit:,} are read at once. Only the first are read.")
    return files[:limit]


def largest_upload(settings: Settings) -> int:
    """Return the limit of the uploader in bytes: that of the largest format, in whole megabytes.

    The limits of the other formats are checked when a file is read.
    """
    limit = max(settings.max_bytes, settings.max_volume_bytes, settings.max_archive_bytes)
    return max(1, limit // 2**20) * 2**20


def limits_text(settings: Settings) -> str:
    """Return the sentence about the allowed sizes."""
    slice_limit, volume_limit, archive_limit = (
        f"{limit / 2**20:,.4g} MB"
        for limit in (settings.max_bytes, settings.max_volume_bytes, settings.max_archive_bytes)
    )
    return f"Up to {slice_limit} per slice, {volume_limit} per volume (NIfTI) and {archive_limit} per ZIP."


def remove_all() -> None:
    """Remove all files: a new uploader replaces the current one, and the server frees the files of the old one."""
    st.session_state[_UPLOADER_COUNT_KEY] = st.session_state.get(_UPLOADER_COUNT_KEY, 0) + 1
    close_sample()


def _release_uploads(key: str, present_ids: set[str]) -> None:
    """Free the files of an uploader that was replaced; Streamlit would store them until the session ends."""
    context = get_script_run_ctx()
    previous_key, previous_ids = st.session_state.get(_UPLOADS_KEY, (key, present_ids))
    manager = None if context is None else context.uploaded_file_mgr
    if context is not None and previous_key != key and isinstance(manager, MemoryUploadedFileManager):
        for file_id in previous_ids - present_ids:
            manager.remove_file(session_id=context.session_id, file_id=file_id)
    st.session_state[_UPLOADS_KEY] = (key, present_ids)
