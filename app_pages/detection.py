"""Detection: drop slices, read verdicts, take the CSV. Files stay in memory; this page writes none."""

from collections import Counter

import pandas as pd
import streamlit as st

from app_pages.components import artifacts
from app_pages.components.frame import header, missing, section
from app_pages.components.readings import Reading, read_all
from app_pages.components.scan_card import CARDS, show_card
from app_pages.components.words import VERDICT_TITLES, class_word, count, listed
from braintumor.errors import BrainTumorError
from braintumor.imaging import IMAGE_SUFFIXES
from braintumor.inference import Detector
from braintumor.reporting.csv import to_csv
from braintumor.settings import get_settings
from braintumor.vocabulary import TumorClass


def show_results(readings: list[Reading], detector: Detector) -> None:
    """Everything that came of the uploaded files: what was found, the scans, the table and the download."""
    good = [reading for reading in readings if reading.detection is not None]
    bad = [reading for reading in readings if reading.detection is None]
    show_counts(readings, bad)
    for reading in bad:
        st.error(_literal(reading.error), icon=":material/error:")
    if good:
        show_scans(good, detector)
    section("All results")
    show_table(readings)


def show_counts(readings: list[Reading], bad: list[Reading]) -> None:
    """How many of each verdict, in a sentence, beside the download."""
    verdicts = Counter(r.detection.verdict for r in readings if r.detection is not None)
    parts = [
        f"{number} {title[0].lower()}{title[1:]}"
        for verdict, title in VERDICT_TITLES.items()
        if (number := verdicts[verdict])
    ]
    parts += [f"{len(bad)} could not be read"] if bad else []
    last = max(str(reading.row["timestamp"]) for reading in readings)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{count(len(readings), 'file')}:** {listed(parts)}.", width="content")
        st.download_button(
            "Download CSV",
            to_csv(reading.row for reading in readings).encode("utf-8"),
            f"braintumor-{last[:19].replace(':', '').replace('-', '')}Z.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def show_scans(good: list[Reading], detector: Detector) -> None:
    """The cards, a few at a time, under one opacity for all."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        opacity = st.slider("Heat map opacity", 0, 100, 60, 5, format="%d%%", width=300, key="opacity")
        pages = -(-len(good) // CARDS)
        page = st.pagination(pages, key=f"cards-{pages}") if pages > 1 else 1
    outlined = any(reading.detection and reading.detection.mask is not None for reading in good)
    st.caption(
        "Warm colours mark what spoke for the likeliest class, at the model's own coarse resolution. It is evidence "
        "for an answer, not the outline of a tumour."
        + (" The blue line is the model's outline of what it takes for tumour." if outlined else "")
    )
    for reading in good[(page - 1) * CARDS : page * CARDS]:
        show_card(reading, detector.artifact.card.thresholds, opacity / 100, reading.file.file_id)


def show_table(readings: list[Reading]) -> None:
    """One row a file, in the order of the upload."""
    rows = []
    for reading in readings:
        found = reading.detection
        rows.append(
            {
                "File": reading.file.name,
                "Verdict": "Could not be read" if found is None else VERDICT_TITLES[found.verdict],
                "Likeliest": None if found is None else found.result.title,
                "Tumour probability": None if found is None else found.tumor_probability,
                "95% set": None if found is None else listed(class_word(c) for c in found.prediction_set),
                **{c.title: None if found is None else found.probabilities[c] for c in TumorClass},
                "Problem": reading.error,
            }
        )
    table = pd.DataFrame(rows)
    if not any(reading.error for reading in readings):
        table = table.drop(columns="Problem")
    share = {name: st.column_config.NumberColumn(format="percent") for name in (c.title for c in TumorClass)}
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    st.dataframe(table, hide_index=True, column_config={**share, "Tumour probability": bar})


def _literal(text: str) -> str:
    """Text with the characters that Markdown would act on made harmless: a file name is data."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-!|:$~" else c for c in text)


header(
    "Detection",
    "Drop brain MRI slices, one or many. Each is read on its own, and a file that cannot be read costs only its own "
    "row.",
)
try:
    detector = artifacts.detector(artifacts.chosen_version())
except BrainTumorError as problem:
    missing(f"No scan can be read yet. {problem}")
else:
    settings = get_settings()
    files = st.file_uploader(
        "Slices as JPEG or PNG",
        [suffix.lstrip(".") for suffix in IMAGE_SUFFIXES],
        accept_multiple_files=True,
        max_upload_size=max(1, settings.max_bytes // 2**20),
        help="Files are read in memory and are not kept. Take patient names off the file names first.",
    )
    if files:
        show_results(read_all(detector, files), detector)
    else:
        st.caption("Nothing has been read yet. Results appear here.")
