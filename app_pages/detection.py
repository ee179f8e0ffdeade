"""Detection: the reading room. Drop slices, see what is suspected and where, disagree, take the record. Writes none."""

from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components import artifacts
from app_pages.components.frame import header, missing
from app_pages.components.reading_desk import show_desk
from app_pages.components.reading_frame import choose_compared, show_style
from app_pages.components.reading_room import room
from braintumor.errors import BrainTumorError
from braintumor.settings import Settings, get_settings

FILES: Final = "Files or ZIP"
FOLDER: Final = "Folder"
# Seconds between two looks at what has been read meanwhile.
POLL: Final = 0.4


def choose_files(source: str, settings: Settings) -> list[UploadedFile]:
    """What the reader drops. Files of any name are taken: what a file is, its content tells."""
    folder = source == FOLDER
    return st.file_uploader(
        "A folder with its subfolders" if folder else "JPEG, PNG, TIFF, BMP, WebP, DICOM, NIfTI, or a ZIP of them",
        accept_multiple_files="directory" if folder else True,
        # The largest that is ever taken, an archive; what else is larger than it may be is refused as it is read.
        max_upload_size=max(1, max(settings.max_bytes, settings.max_archive_bytes) // 2**20),
        key=f"upload-{source}",
        help="Files are read in memory and are not kept. Take patient names off the file names first.",
    )


def show_page() -> None:
    """What is read by which version, and what came of it."""
    with st.container(horizontal=True, gap="medium", key="intake"):
        source = st.segmented_control("Read", [FILES, FOLDER], default=FILES, required=True, key="source")
        version = artifacts.chosen_version()
        compared = choose_compared(version)
        try:
            detector = artifacts.detector(version)
        except BrainTumorError as problem:
            missing(f"No scan can be read yet. {problem}")
            return
        files = choose_files(source, get_settings())
    most = get_settings().max_files
    if len(files) > most:
        st.error(f"{len(files):,} files were given, and at most {most:,} are read at once: the first of them.")
    room().take(detector, files[:most])
    if not files:
        st.caption("Nothing has been read yet. Results appear here, file by file.")
        return
    polled = room().progress().running
    # While files are read, only what is below the uploader is drawn anew, and only until the last is done.
    st.fragment(show_desk, run_every=POLL if polled else None)(detector, compared, polled)


show_style()
header("Detection", "Drop brain MRI slices, one or many. A file that cannot be read costs only its own row.")
show_page()
