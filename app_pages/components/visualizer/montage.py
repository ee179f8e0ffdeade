"""Montage: random images of the collection, the same for the same seed; drawn phantoms where there are none."""

from typing import Final, NamedTuple

import pandas as pd
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import SPLIT_TITLES, class_text, join_words, pluralize
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import ALL, KNOWN_PLANES, choose_option
from app_pages.components.visualizer.image_grid import show_tiles
from braintumor.datasets.masks import masks_folder
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import BrainTumorError
from braintumor.exploration.montage import Tile, load_tiles, make_phantom_tiles
from braintumor.exploration.montage import sample_rows as draw_lots
from braintumor.settings import Settings, get_settings

_IMAGE_COUNTS: Final = ("12", "24", "48")
_CACHE_ENTRIES: Final = 8


class MontageOptions(NamedTuple):
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
    manifest = cache.get_dataset().manifest
    there = not manifest.empty and get_settings().dataset.is_dir()
    if not there:
        audit = ["braintumor data audit"] if manifest.empty else []
        show_missing(
            "The images themselves are not on this machine. Until they are, **drawn phantoms** stand in for them: "
            "no scans. Get the images with:",
            "braintumor data fetch", *audit,
        )  # fmt: skip
    choice = _choose_options(there)
    if not choice.labels:
        st.markdown("Choose at least one class.")
    elif there:
        _show_scans(manifest, choice)
    else:
        found = make_phantom_tiles(choice.size, choice.seed, choice.labels, outlines=choice.outlines)
        said = f"{pluralize(len(found), 'phantom')}, drawn with seed {choice.seed}. None of them is a scan."
        show_tiles(found, pd.DataFrame(), said, f"phantoms-{choice.seed}.png")


def _choose_options(has_images: bool) -> MontageOptions:
    """Ask for everything; plane and split only where there are images that have them."""
    with st.container(horizontal=True, gap="medium"):
        labels = st.segmented_control(
            "Classes", CLASSES, selection_mode="multi", default=CLASSES, format_func=lambda c: TumorClass(c).title,
            key="montage-labels", persist_state="session", wrap=True,
        )  # fmt: skip
        plane = choose_option("Plane", [ALL, *map(str, KNOWN_PLANES)], "montage-plane") if has_images else ALL
        split = choose_option("Split", [ALL, *SPLIT_TITLES], "montage-split", _split_title) if has_images else ALL
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        size = choose_option("Images", _IMAGE_COUNTS, "montage-size")
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, persist_state="session"))
        st.button("New montage", on_click=_next_seed)
        outlines = st.toggle("Outline the tumour", key="montage-outlines", persist_state="session")
    return MontageOptions(
        tuple(sorted(labels)), None if plane == ALL else plane, None if split == ALL else split, int(size), seed,
        outlines,
    )  # fmt: skip


def _show_scans(manifest: pd.DataFrame, options: MontageOptions) -> None:
    fits = draw_lots(manifest, len(manifest), options.seed, options.labels, options.plane, options.split)
    rows = fits.head(options.size)
    if rows.empty:
        st.markdown(f"There is no image of {_describe_options(options)}. Choose another plane or split.")
        return
    settings = get_settings()
    if options.outlines and not masks_folder(settings).is_dir():
        show_missing("The tumour masks are not on this machine. Get them with:", "braintumor data fetch --masks")
    try:
        outlined = options.outlines and masks_folder(settings).is_dir()
        key = (str(settings.inputs), cache.stamp_folder(settings.dataset_outputs), tuple(rows["path"]), outlined)
        found = _cached_tiles(key, rows, settings)
    except BrainTumorError as problem:
        show_missing(f"{problem} Restore the images with:", "braintumor data fetch")
        return
    said = f"{pluralize(len(found), 'image')} of {len(fits):,} of {_describe_options(options)}, drawn with seed {options.seed}."
    if options.outlines:
        said += f" {sum(tile.mask is not None for tile in found)} of them have a tumour mask."
    show_tiles(found, rows, said, f"montage-{options.seed}.png")


@st.cache_resource(show_spinner=False, max_entries=_CACHE_ENTRIES)
def _cached_tiles(key: tuple[object, ...], _rows: pd.DataFrame, _settings: Settings) -> list[Tile]:
    return load_tiles(_rows, _settings, outlines=bool(key[-1]))


def _describe_options(options: MontageOptions) -> str:
    """The choice in words, such as `glioma and pituitary, axial plane, test split`."""
    parts = [
        "all classes" if len(options.labels) == len(CLASSES) else join_words(class_text(c) for c in options.labels)
    ]
    parts += [f"{options.plane} plane"] if options.plane else []
    parts += [f"{_split_title(options.split).lower()} split"] if options.split else []
    return ", ".join(parts)


def _split_title(split: str) -> str:
    return SPLIT_TITLES.get(split, split.capitalize())


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state["seed"] + 1) % 10_000
