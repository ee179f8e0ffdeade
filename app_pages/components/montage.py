"""Montage: random images of the collection, the same for the same seed; drawn phantoms where there are none."""

from typing import Final, NamedTuple

import pandas as pd
import streamlit as st

from app_pages.components import artifacts
from app_pages.components.frame import missing
from app_pages.components.visualizer_choices import ALL, KNOWN_PLANES, choose
from app_pages.components.visualizer_tiles import show_tiles
from app_pages.components.words import SPLIT_TITLES, class_word, count, listed
from braintumor.dataset.alignment import masks_folder
from braintumor.errors import BrainTumorError
from braintumor.exploration.montage import Tile, phantom_tiles, tiles
from braintumor.exploration.montage import choose as draw_lots
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES, TumorClass

_SIZES: Final = ("12", "24", "48")
_KEPT: Final = 8


class Choice(NamedTuple):
    """What a montage is drawn from, and how."""

    labels: tuple[TumorClass, ...]
    plane: str | None
    split: str | None
    size: int
    seed: int
    outlines: bool


@st.fragment
def show_montage() -> None:
    """Choose classes, plane and split, and see some of their images."""
    manifest = artifacts.dataset().manifest
    there = not manifest.empty and get_settings().dataset.is_dir()
    if not there:
        audit = ["braintumor data audit"] if manifest.empty else []
        missing(
            "The images themselves are not on this machine. Until they are, **drawn phantoms** stand in for them: "
            "no scans. Get the images with:",
            "braintumor data fetch", *audit,
        )  # fmt: skip
    choice = _choose(there)
    if not choice.labels:
        st.markdown("Choose at least one class.")
    elif there:
        _show_scans(manifest, choice)
    else:
        found = phantom_tiles(choice.size, choice.seed, choice.labels, outlines=choice.outlines)
        said = f"{count(len(found), 'phantom')}, drawn with seed {choice.seed}. None of them is a scan."
        show_tiles(found, pd.DataFrame(), said, f"phantoms-{choice.seed}.png")


def _choose(there: bool) -> Choice:
    """Ask for everything; plane and split only where there are images that have them."""
    with st.container(horizontal=True, gap="medium"):
        labels = st.segmented_control(
            "Classes", CLASSES, selection_mode="multi", default=CLASSES, format_func=lambda c: TumorClass(c).title,
            key="montage-labels", persist_state="session", wrap=True,
        )  # fmt: skip
        plane = choose("Plane", [ALL, *map(str, KNOWN_PLANES)], "montage-plane") if there else ALL
        split = choose("Split", [ALL, *SPLIT_TITLES], "montage-split", _split_title) if there else ALL
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        size = choose("Images", _SIZES, "montage-size")
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, persist_state="session"))
        st.button("New montage", on_click=_next_seed)
        outlines = st.toggle("Outline the tumour", key="montage-outlines", persist_state="session")
    return Choice(
        tuple(sorted(labels)), None if plane == ALL else plane, None if split == ALL else split, int(size), seed,
        outlines,
    )  # fmt: skip


def _show_scans(manifest: pd.DataFrame, choice: Choice) -> None:
    fits = draw_lots(manifest, len(manifest), choice.seed, choice.labels, choice.plane, choice.split)
    rows = fits.head(choice.size)
    if rows.empty:
        st.markdown(f"There is no image of {_what(choice)}. Choose another plane or split.")
        return
    settings = get_settings()
    if choice.outlines and not masks_folder(settings).is_dir():
        missing("The tumour masks are not on this machine. Get them with:", "braintumor data fetch --masks")
    try:
        outlined = choice.outlines and masks_folder(settings).is_dir()
        key = (str(settings.inputs), artifacts.stamp(settings.dataset_outputs), tuple(rows["path"]), outlined)
        found = _tiles(key, rows, settings)
    except BrainTumorError as problem:
        missing(f"{problem} Restore the images with:", "braintumor data fetch")
        return
    said = f"{count(len(found), 'image')} of {len(fits):,} of {_what(choice)}, drawn with seed {choice.seed}."
    if choice.outlines:
        said += f" {sum(tile.mask is not None for tile in found)} of them have a tumour mask."
    show_tiles(found, rows, said, f"montage-{choice.seed}.png")


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _tiles(key: tuple[object, ...], _rows: pd.DataFrame, _settings: Settings) -> list[Tile]:
    return tiles(_rows, _settings, outlines=bool(key[-1]))


def _what(choice: Choice) -> str:
    """The choice in words, such as `glioma and pituitary, axial plane, test split`."""
    parts = ["all classes" if len(choice.labels) == len(CLASSES) else listed(class_word(c) for c in choice.labels)]
    parts += [f"{choice.plane} plane"] if choice.plane else []
    parts += [f"{_split_title(choice.split).lower()} split"] if choice.split else []
    return ", ".join(parts)


def _split_title(split: str) -> str:
    return SPLIT_TITLES.get(split, split.capitalize())


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state["seed"] + 1) % 10_000
