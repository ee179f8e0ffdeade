"""What the reader drops: files or a folder, and one button that takes them all away again, from the server too."""

from typing import Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from braintumor.settings import Settings

FILES_OPTION: Final = "Files or ZIP"
FOLDER_OPTION: Final = "Folder"
_UPLOADER_COUNT_KEY: Final = "upload-turn"
_HELD_FILES_KEY: Final = "upload-held"


def choose_source() -> str:
    """Whether single files are dropped or a folder."""
    return st.segmented_control(
        "Read", [FILES_OPTION, FOLDER_OPTION], default=FILES_OPTION, required=True, key="source"
    )


def choose_files(source: str, settings: Settings) -> list[UploadedFile]:
    """What the reader drops. Files of any name are taken: what a file is, its content tells."""
    folder, key = source == FOLDER_OPTION, f"upload-{source}-{st.session_state.get(_UPLOADER_COUNT_KEY, 0)}"
    files = st.file_uploader(
        "A folder with its subfolders" if folder else "JPEG, PNG, TIFF, BMP, WebP, DICOM, NIfTI, or a ZIP of them",
        accept_multiple_files="directory" if folder else True,
        # The largest that is ever taken, an archive; what else is larger than it may be is refused as it is read.
        max_upload_size=max(1, max(settings.max_bytes, settings.max_archive_bytes) // 2**20),
        key=key,
        help="Files are read in memory and are not kept. Take patient names off the file names first.",
    )
    _release_uploads(key, {file.file_id for file in files})
    most = settings.max_files
    if len(files) > most:
        st.error(f"{len(files):,} files were given, and at most {most:,} are read at once: the first of them.")
    return files[:most]


def remove_all() -> None:
    """Take all files away: the uploader is a new one then, and the server keeps nothing of the old."""
    st.session_state[_UPLOADER_COUNT_KEY] = st.session_state.get(_UPLOADER_COUNT_KEY, 0) + 1


def _release_uploads(key: str, present: set[str]) -> None:
    """Free what an uploader that is gone has left behind; Streamlit would keep it until the visit ends."""
    context = get_script_run_ctx()
    before, held = st.session_state.get(_HELD_FILES_KEY, (key, present))
    manager = None if context is None else context.uploaded_file_mgr
    if context is not None and before != key and isinstance(manager, MemoryUploadedFileManager):
        for file_id in held - present:
            manager.remove_file(session_id=context.session_id, file_id=file_id)
    st.session_state[_HELD_FILES_KEY] = (key, present)
