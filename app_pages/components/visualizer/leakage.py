"""Leakage: what ties the official Training and Testing folders together, as numbers, tables and twin pairs."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.visualizer.data import get_leakage_report
from app_pages.components.visualizer.manifest_table import to_csv_bytes
from braintumor.errors import BrainTumorError
from braintumor.exploration.leakage_report import LeakageReport, make_pair_tiles, sample_near_duplicates
from braintumor.exploration.montage import Tile, render_tile
from braintumor.settings import get_settings

_IMAGE_SIDE: Final = 260
_PAIR_COUNT: Final = 6
# More rows than anyone scrolls through; the download has them all.
_MAX_ROWS: Final = 1000
_NUMBER_TITLES: Final = {
    "testing_with_twin_in_training": "Testing images with a near-duplicate in Training",
    "testing_with_upright_twin_in_training": "Of those, without turning or mirroring",
    "testing_with_exact_copy_in_training": "Testing images with an exact copy in Training",
    "testing_with_patient_in_training": "Testing images whose patient is in Training",
    "twin_pairs_across": "Pairs of near-duplicates across the two folders",
    "twin_pairs_within": "Pairs within one folder",
    "twin_pairs_turned": "Of all pairs, mirrored or rotated",
    "exact_copies": "Images that copy another, byte for byte",
    "groups": "Independent groups that remain",
}


@st.fragment
def show_leakage() -> None:
    """The report, from its sentence down to single pairs."""
    report = get_leakage_report()
    if report is None:
        show_missing(
            "Copies and patients on both sides have not been looked for yet. Do so with:", "braintumor data fetch",
            "braintumor data audit",
        )  # fmt: skip
        return
    st.markdown(f"**{report.summary}**")
    grid = st.grid(3, min_column_width=200)
    for key, title in _NUMBER_TITLES.items():
        with grid.cell():
            st.metric(title, f"{report.numbers[key]:,}")
    _show_pairs(report)
    _show_near_duplicates(report)
    _show_suspects(report)
    _show_patients(report)


def _show_pairs(report: LeakageReport) -> None:
    """Some pairs of near-duplicates, side by side."""
    show_section(
        "Twins across the split",
        "Left from one folder, right from the other, turned so that both lie alike. Exact copies are left out.",
    )
    if not get_settings().dataset.is_dir():
        show_missing("The images themselves are not on this machine. Get them with:", "braintumor data fetch")
        return
    seed = int(st.session_state.get("twin-seed", 0))
    try:
        found = make_pair_tiles(sample_near_duplicates(report, _PAIR_COUNT, seed))
    except BrainTumorError as problem:
        show_missing(f"{problem} Restore the images with:", "braintumor data fetch")
        return
    if not found:
        st.markdown("There is no such pair.")
        return
    grid = st.grid(3, min_column_width=280)
    for first, second in zip(found[::2], found[1::2], strict=True):
        with grid.cell(), st.container(border=True):
            # Side by side on a phone too, where columns would stand one below the other.
            pair = st.grid(2, min_column_width=90, wrap=False, gap="small")
            for tile in (first, second):
                with pair.cell():
                    _show_pair_image(tile)
    st.button("Other pairs", on_click=_next_pairs)


def _show_pair_image(tile: Tile) -> None:
    said = ", ".join(tile.caption)
    st.image(render_tile(tile, _IMAGE_SIDE), width="stretch", output_format="JPEG", alt=f"{said}.")
    side, _, file = tile.caption[0].partition(", ")
    st.caption(f"**{side}**  \n`{file}`  \n{tile.caption[1]}")


def _show_near_duplicates(report: LeakageReport) -> None:
    show_section(
        "Table of near-duplicates",
        "Nearest first. Distance is how many of the hashes' 128 bits differ; transform is what turns b into a.",
    )
    across = st.toggle("Only pairs across the official split", True, key="twins-across", persist_state="session")
    pairs = report.near_duplicates[~report.near_duplicates["same_side_official"]] if across else report.near_duplicates
    shown = min(len(pairs), _MAX_ROWS)
    st.markdown(f"{pluralize(len(pairs), 'pair')}, {'all' if shown == len(pairs) else f'the nearest {shown:,}'} shown.")
    columns = ["path_a", "path_b", "distance", "transform", "exact", "label_a", "label_b"]
    _show_table(pairs[columns].head(_MAX_ROWS), "twins")
    _show_download("Download all pairs as CSV", pairs, "near_duplicates.csv")


def _show_suspects(report: LeakageReport) -> None:
    show_section("Suspected mislabels")
    if report.suspects.empty:
        st.markdown("No image contradicts a copy of itself, a near-duplicate or its own patient.")
        return
    n = len(report.suspects)
    st.markdown(
        f"{pluralize(n, 'image')} {'contradicts' if n == 1 else 'contradict'} a copy, a near-duplicate or the other images "
        "of the same patient. Which of the labels is wrong, only a radiologist can say."
    )
    _show_table(report.suspects, "suspects")
    _show_download("Download them as CSV", report.suspects, "suspected-mislabels.csv")


def _show_patients(report: LeakageReport) -> None:
    show_section("Patients on both sides")
    of = f"{report.numbers['patients']:,} known {'patient' if report.numbers['patients'] == 1 else 'patients'}"
    st.markdown(f"Of {of}, {len(report.patients):,} have images in both official folders.")
    if not report.patients.empty:
        _show_table(report.patients, "patients")
        _show_download("Download the patients as CSV", report.patients, "patients-on-both-sides.csv")


def _show_table(table: pd.DataFrame, key: str) -> None:
    names = {
        c: st.column_config.Column(c.replace("_", " "), width="large" if c == "reason" else None)
        for c in map(str, table.columns)
    }
    st.dataframe(table, hide_index=True, height=min(320, 37 + 35 * len(table)), column_config=names, key=key)


def _show_download(title: str, table: pd.DataFrame, file: str) -> None:
    st.download_button(title, partial(to_csv_bytes, table), file, "text/csv", on_click="ignore", key=file)


def _next_pairs() -> None:
    st.session_state["twin-seed"] = int(st.session_state.get("twin-seed", 0)) + 1
