"""Upload of files or a folder, kept for the length of the visit, and their removal, from the server too."""

from collections.abc import Iterable
from typing import Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.detection.downloads import PREPARED_KEY
from app_pages.components.detection.reader_findings import findings
from app_pages.components.detection.session import current_session
from app_pages.components.samples.state import close_sample
from braintumor.imaging.file_format import FORMAT_NAMES
from braintumor.settings import Settings
from braintumor.text import pluralize

FILES_OPTION: Final = "Files or ZIP"
FOLDER_OPTION: Final = "Folder"
_FORMATS: Final = f"{', '.join(FORMAT_NAMES[:-1])}, or a {FORMAT_NAMES[-1]} of them"
_STORED: Final = (
    "The pixels of the scans, their results and their file names are stored in your history; other file data is not."
)
_NOT_STORED: Final = "Files are read in memory and not stored."
_UPLOADER_COUNT_KEY: Final = "uploader-count"
# Files of the uploader on the page, and those of uploaders that were left.
_UPLOADS_KEY: Final = "uploads"
_KEPT_KEY: Final = "kept-uploads"


def choose_source() -> str:
    """Return whether to upload single files or a folder."""
    return st.segmented_control(
        "Upload", [FILES_OPTION, FOLDER_OPTION], default=FILES_OPTION, required=True, key="source"
    )


def choose_files(source: str, settings: Settings, is_saving: bool = False) -> list[UploadedFile]:
    """Return the files uploaded during this visit. Any file name is accepted: the content decides the format.

    An uploader loses its files when its page is left, so that they are kept here.

    Parameters
    ----------
    is_saving : bool
        Whether scans are stored in the history, which the help text says.
    """
    is_folder, key = source == FOLDER_OPTION, f"upload-{source}-{st.session_state.get(_UPLOADER_COUNT_KEY, 0)}"
    if key not in st.session_state:  # another page or uploader was shown meanwhile
        _keep_files()
    uploaded = st.file_uploader(
        f"{'A folder with its subfolders' if is_folder else _FORMATS}. {limits_text(settings)}",
        accept_multiple_files="directory" if is_folder else True,
        max_upload_size=largest_upload(settings) // 2**20,
        key=key,
        help=f"{_STORED if is_saving else _NOT_STORED} Remove patient names from file names before you upload.",
    )
    st.session_state[_UPLOADS_KEY] = uploaded
    earlier = [file for file in st.session_state.get(_KEPT_KEY, []) if file not in uploaded]
    if earlier:
        st.caption(f"{pluralize(len(earlier), 'file')} uploaded before in this visit. **Start over** removes all.")
    files, limit = [*earlier, *uploaded], settings.max_files
    if len(files) > limit:
        st.error(
            f"{len(files):,} files uploaded, but at most {limit:,} are read at once. Only the first {limit:,} are "
            "read. Upload the others separately."
        )
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


def start_over() -> None:
    """Remove all files and findings: a new uploader replaces the current one, and the server frees its files."""
    st.session_state[_UPLOADER_COUNT_KEY] = st.session_state.get(_UPLOADER_COUNT_KEY, 0) + 1
    _release_files(st.session_state.pop(_UPLOADS_KEY, []))
    for key in (_KEPT_KEY, PREPARED_KEY):
        st.session_state.pop(key, None)
    findings().clear()
    current_session().restore([])
    close_sample()


def _keep_files() -> None:
    """Keep the files of an uploader that was left."""
    left = st.session_state.pop(_UPLOADS_KEY, [])
    st.session_state[_KEPT_KEY] = list(dict.fromkeys([*st.session_state.get(_KEPT_KEY, []), *left]))
    _release_files(left)


def _release_files(files: Iterable[UploadedFile]) -> None:
    """Free the server's own copies of files; Streamlit would store them until the session ends."""
    context = get_script_run_ctx()
    manager = None if context is None else context.uploaded_file_mgr
    if context is not None and isinstance(manager, MemoryUploadedFileManager):
        for file in files:
            manager.remove_file(session_id=context.session_id, file_id=file.file_id)
