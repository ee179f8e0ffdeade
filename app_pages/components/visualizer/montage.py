"""Montage tab: random images of the data set, reproducible by seed, or previews of them without the data set."""

from collections.abc import Collection
from typing import Final, NamedTuple

import pandas as pd
import streamlit as st

from app_pages.components.samples.preview_notice import show_preview_notice
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import SPLIT_TITLES, class_text, join_words, pluralize
from app_pages.components.shared.links import check_url_value, choose_from_list, switch
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import ALL, NAMED_PLANES, choose_classes, choose_option
from app_pages.components.visualizer.data import get_external_manifest
from app_pages.components.visualizer.image_grid import show_tiles
from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.sets import EXTERNAL_COMMAND, EXTERNAL_SET, external_folder
from braintumor.datasets.masks import masks_folder
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import BrainTumorError
from braintumor.exploration.montage import OTHER_LABEL_TITLES, Tile, load_preview_tiles, load_tiles, sample_rows
from braintumor.samples import list_previews
from braintumor.settings import Settings, get_settings

_IMAGE_COUNTS: Final = ("12", "24", "48")
_CACHE_ENTRIES: Final = 8


class MontageOptions(NamedTuple):
    """Filters, size, seed and outlines of a montage."""

    labels: tuple[TumorClass, ...]
    plane: str | None
    split: str | None
    size: int
    seed: int
    outlines: bool
    source: str = ""
    """An external set; empty for the Kaggle set."""


@st.fragment
def show_montage() -> None:
    """Let the user choose classes, plane and split, and show a random sample."""
    manifest = cache.get_dataset().manifest
    has_images = not manifest.empty and get_settings().dataset.is_dir()
    if not has_images:
        audit = ["braintumor data audit"] if manifest.empty else []
        show_preview_notice("Training images and outlines are only in the full set.", *audit)
    options = _choose_options(has_images)
    if not options.labels:
        st.markdown("Choose at least one class.")
    elif has_images:
        _show_scans(manifest, options)
    else:
        _show_previews(options)


def _choose_options(has_images: bool) -> MontageOptions:
    """Show the controls; sources and outlines only if there are images."""
    splits = SPLIT_TITLES if has_images else list_previews()["split"].unique()
    with st.container(horizontal=True, gap="medium"):
        labels = choose_classes("montage-labels")
        plane = choose_option("Plane", [ALL, *map(str, NAMED_PLANES)], "montage-plane")
        split = choose_option("Split", [ALL, *splits], "montage-split", _split_title)
        source = _choose_source() if has_images else ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        size = choose_option("Images", _IMAGE_COUNTS, "montage-size")
        check_url_value("Seed", "seed", str.isdecimal)
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=130, bind="query-params"))
        st.button("New montage", on_click=_next_seed)
        outlines = has_images and switch("Outline the tumour", "montage-outlines")
    return MontageOptions(
        tuple(sorted(labels)), None if plane == ALL else plane, None if split == ALL else split, int(size), seed,
        outlines, source,
    )  # fmt: skip


def _choose_source() -> str:
    """Let the user choose among the Kaggle set and the external sets on this machine."""
    external = get_external_manifest()
    folder = external_folder()
    available = [] if external.empty else [name for name in external["origin"].unique() if (folder / name).is_dir()]
    if not available:
        st.caption(f"Images of other sources are fetched with `{EXTERNAL_COMMAND}`.")
        return ""
    source: str = choose_from_list(
        "Source", ["", *sorted(available)], "montage-source", format_func=lambda name: name or "Kaggle set", width=190
    )
    return source


def _show_scans(manifest: pd.DataFrame, options: MontageOptions) -> None:
    labels: tuple[str, ...] = options.labels
    if options.source:
        manifest = get_external_manifest()
        manifest, labels = manifest[manifest["origin"] == options.source], (*labels, *OTHER_LABEL_TITLES)
    matches, rows = _sample(manifest, options, labels)
    if rows.empty:
        return
    settings = get_settings()
    has_masks = bool(options.source) or masks_folder(settings).is_dir()
    if options.outlines and not has_masks:
        show_missing("The tumour masks are not on this machine. Download them with:", "braintumor data fetch --masks")
    try:
        outlined = options.outlines and has_masks
        key = (
            str(settings.inputs), cache.stamp_folder(settings.dataset_outputs), tuple(rows["path"]), options.source,
            outlined,
        )  # fmt: skip
        tiles = _cached_tiles(key, rows, settings)
    except BrainTumorError as error:
        show_missing(f"{error} Restore the images with:", EXTERNAL_COMMAND if options.source else KAGGLE.command)
        return
    description = _describe_sample(len(tiles), len(matches), options)
    if options.outlines:
        description += f" {sum(tile.mask is not None for tile in tiles)} of them have a tumour mask."
    show_tiles(tiles, rows, description, f"montage-{options.seed}.png")


def _show_previews(options: MontageOptions) -> None:
    matches, rows = _sample(list_previews(), options, options.labels)
    if not rows.empty:
        description = _describe_sample(len(rows), len(matches), options, "preview")
        show_tiles(load_preview_tiles(rows), rows, description, f"previews-{options.seed}.png")


def _sample(
    manifest: pd.DataFrame, options: MontageOptions, labels: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all matching rows and the first of them in random order; say so if there are none."""
    matches = sample_rows(manifest, len(manifest), options.seed, labels, options.plane, options.split)
    if matches.empty:
        st.markdown(f"There are no images of {_describe_options(options)}. Choose another plane or split.")
    return matches, matches.head(options.size)


def _describe_sample(count: int, total: int, options: MontageOptions, noun: str = "image") -> str:
    return f"{pluralize(count, noun)} of {total:,} of {_describe_options(options)}, sampled with seed {options.seed}."


@st.cache_resource(show_spinner="Reading the images", max_entries=_CACHE_ENTRIES)
def _cached_tiles(key: tuple[object, ...], _rows: pd.DataFrame, _settings: Settings) -> list[Tile]:
    *_, source, outlined = key
    return load_tiles(_rows, _settings, outlines=bool(outlined), image_set=EXTERNAL_SET if source else KAGGLE)


def _describe_options(options: MontageOptions) -> str:
    """Describe the filters, such as `glioma and pituitary, axial plane, test split`."""
    phrases = [
        "all classes" if len(options.labels) == len(CLASSES) else join_words(class_text(c) for c in options.labels)
    ]
    phrases += [options.source] if options.source else []
    phrases += [f"{options.plane} plane"] if options.plane else []
    phrases += [f"{_split_title(options.split).lower()} split"] if options.split else []
    return ", ".join(phrases)


def _split_title(split: str) -> str:
    return SPLIT_TITLES.get(split, split.capitalize())


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state["seed"] + 1) % 10_000
