"""Leakage tab: copies, near-duplicates and patients shared by the official Training and Testing folders."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.chart_downloads import to_csv_bytes
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.glossary import explain
from app_pages.components.shared.links import switch
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.visualizer.data import get_leakage_report
from braintumor.errors import BrainTumorError
from braintumor.exploration.leakage_report import LeakageReport, make_pair_tiles, sample_near_duplicates
from braintumor.exploration.montage import Tile, render_tile
from braintumor.settings import get_settings

_IMAGE_SIDE: Final = 260
_PAIR_COUNT: Final = 6
# Rows shown in a table; the download has all of them.
_MAX_ROWS: Final = 1000
_NUMBER_TITLES: Final = {
    "testing_with_twin_in_training": "Testing images with a near-duplicate in Training",
    "testing_with_upright_twin_in_training": "Of those, without rotation or mirroring",
    "testing_with_exact_copy_in_training": "Testing images with an exact copy in Training",
    "testing_with_patient_in_training": "Testing images whose patient is also in Training",
    "twin_pairs_across": "Near-duplicate pairs across the two folders",
    "twin_pairs_within": "Near-duplicate pairs within one folder",
    "twin_pairs_turned": "Of all pairs, mirrored or rotated",
    "exact_copies": "Exact copies of another image",
    "groups": "Independent groups",
}

_NUMBER_TERMS: Final = {
    "testing_with_twin_in_training": ("Near-duplicates", "Leakage"),
    "testing_with_upright_twin_in_training": ("Near-duplicates",),
    "twin_pairs_across": ("Near-duplicates",),
    "groups": ("Group",),
}


@st.fragment
def show_leakage() -> None:
    """Show the leakage report: summary, counts, pairs and tables."""
    report = get_leakage_report()
    if report is None:
        show_missing(
            "The image set has not been checked for leakage yet. Download and audit it with:", "braintumor data fetch",
            "braintumor data audit",
        )  # fmt: skip
        return
    st.markdown(f"**{report.summary}**")
    grid = st.grid(3, min_column_width=200)
    for key, title in _NUMBER_TITLES.items():
        with grid.cell():
            st.metric(title, f"{report.numbers[key]:,}", help=explain(*_NUMBER_TERMS.get(key, ())))
    _show_pairs(report)
    _show_near_duplicates(report)
    _show_suspects(report)
    _show_patients(report)


def _show_pairs(report: LeakageReport) -> None:
    """Show some pairs of near-duplicates side by side."""
    show_section(
        "Near-duplicates across the split",
        "One image from each folder. The right image is rotated and mirrored to match the left one. Exact copies are "
        "omitted.",
        ("Near-duplicates",),
    )
    if not get_settings().dataset.is_dir():
        show_missing("The images are not on this machine. Download them with:", "braintumor data fetch")
        return
    seed = int(st.session_state.get("pair-seed", 0))
    try:
        with st.spinner("Reading the pairs"):
            tiles = make_pair_tiles(sample_near_duplicates(report, _PAIR_COUNT, seed))
    except BrainTumorError as error:
        show_missing(f"{error} Restore the images with:", "braintumor data fetch")
        return
    if not tiles:
        st.markdown("There are no such pairs.")
        return
    grid = st.grid(3, min_column_width=280)
    for first, second in zip(tiles[::2], tiles[1::2], strict=True):
        with grid.cell(), st.container(border=True):
            # A grid stays side by side on a phone, where columns would be stacked.
            pair = st.grid(2, min_column_width=90, wrap=False, gap="small")
            for tile in (first, second):
                with pair.cell():
                    _show_pair_image(tile)
    st.button("Other pairs", on_click=_next_pairs)


def _show_pair_image(tile: Tile) -> None:
    st.image(render_tile(tile, _IMAGE_SIDE), width="stretch", output_format="JPEG", alt=f"{', '.join(tile.caption)}.")
    folder, _, file = tile.caption[0].partition(", ")
    st.caption(f"**{folder}**  \n`{file}`  \n{tile.caption[1]}")


def _show_near_duplicates(report: LeakageReport) -> None:
    show_section(
        "Table of near-duplicates",
        "Most similar first. Distance: number of hash bits that differ, of 128. Transform: how to turn b into a.",
    )
    across = switch("Only pairs across the official split", "near-duplicates-across", True)
    pairs = report.near_duplicates[~report.near_duplicates["same_side_official"]] if across else report.near_duplicates
    shown = min(len(pairs), _MAX_ROWS)
    st.markdown(
        f"{pluralize(len(pairs), 'pair')}, {'all' if shown == len(pairs) else f'the {shown:,} most similar'} shown."
    )
    columns = ["path_a", "path_b", "distance", "transform", "exact", "label_a", "label_b"]
    _show_table(pairs[columns].head(_MAX_ROWS), "near-duplicates")
    _show_download("Download all pairs as CSV", pairs, "near_duplicates.csv")


def _show_suspects(report: LeakageReport) -> None:
    show_section("Suspected wrong labels")
    if report.suspects.empty:
        st.markdown("No label contradicts that of a copy, a near-duplicate or other images of the same patient.")
        return
    count = len(report.suspects)
    verb = "has a label that differs" if count == 1 else "have labels that differ"
    st.markdown(
        f"{pluralize(count, 'image')} {verb} from the label of a copy, a near-duplicate or other images of the same "
        "patient. A radiologist has to decide which label is wrong."
    )
    _show_table(report.suspects, "suspects")
    _show_download("Download suspected wrong labels as CSV", report.suspects, "suspected-mislabels.csv")


def _show_patients(report: LeakageReport) -> None:
    show_section("Patients on both sides")
    patients = f"{report.numbers['patients']:,} known {'patient' if report.numbers['patients'] == 1 else 'patients'}"
    st.markdown(f"Of {patients}, {len(report.patients):,} have images in both official folders.")
    if not report.patients.empty:
        _show_table(report.patients, "patients")
        _show_download("Download the patients as CSV", report.patients, "patients-on-both-sides.csv")


def _show_table(table: pd.DataFrame, key: str) -> None:
    columns = {
        c: st.column_config.Column(c.replace("_", " "), width="large" if c == "reason" else None)
        for c in map(str, table.columns)
    }
    st.dataframe(table, hide_index=True, height=min(320, 37 + 35 * len(table)), column_config=columns, key=key)


def _show_download(title: str, table: pd.DataFrame, file: str) -> None:
    st.download_button(title, partial(to_csv_bytes, table), file, "text/csv", on_click="ignore", key=file)


def _next_pairs() -> None:
    st.session_state["pair-seed"] = int(st.session_state.get("pair-seed", 0)) + 1
