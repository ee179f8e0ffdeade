"""Cached access to the files in `outputs/dataset/`; the returned tables are shared, so do not modify them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.shared.cache import FolderStamp, get_dataset, stamp_folder
from braintumor.datasets.external.manifest import read_external_manifest
from braintumor.errors import BrainTumorError
from braintumor.exploration.image_features import (
    IMAGE_FEATURES,
    TUMOR_FEATURES,
    load_image_features,
    load_tumor_features,
)
from braintumor.exploration.leakage_report import LeakageReport, load_leakage_report
from braintumor.exploration.outliers import find_outliers
from braintumor.results.metric import Metric
from braintumor.settings import Settings, get_settings


def get_external_manifest() -> pd.DataFrame:
    """Return the manifest of the external sets; empty if they were not audited."""
    settings = get_settings()
    return _cached_external_manifest(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner="Reading the list of external images", max_entries=2)
def _cached_external_manifest(outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    try:
        return read_external_manifest(_settings)
    except BrainTumorError:
        return pd.DataFrame()


def get_image_features() -> pd.DataFrame:
    """Return the manifest with image features; empty if the data set was not explored."""
    settings = get_settings()
    return _cached_image_features(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner="Reading the image features", max_entries=2)
def _cached_image_features(outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    manifest = get_dataset().manifest
    try:
        return (
            manifest
            if manifest.empty
            else _require_columns(load_image_features(manifest, _settings), ("path", *IMAGE_FEATURES))
        )
    except (BrainTumorError, KeyError):
        return pd.DataFrame()


def get_outliers() -> pd.DataFrame:
    """Return the outliers as `find_outliers` does; needs image features."""
    settings = get_settings()
    return _cached_outliers(str(settings.outputs), stamp_folder(settings.dataset_outputs))


@st.cache_resource(show_spinner="Finding outliers", max_entries=2)
def _cached_outliers(outputs: str, when: FolderStamp) -> pd.DataFrame:
    return find_outliers(get_image_features())


def get_tumors() -> pd.DataFrame:
    """Return the features of each tumour with a mask; empty if there are none."""
    settings = get_settings()
    return _cached_tumors(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner="Reading the tumour features", max_entries=2)
def _cached_tumors(outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    try:
        return _require_columns(load_tumor_features(_settings), ("path", "label", *TUMOR_FEATURES))
    except BrainTumorError:
        return pd.DataFrame()


def _require_columns(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return the table, or an empty one if a column is missing because the file is damaged."""
    return table if set(columns) <= set(table.columns) else pd.DataFrame()


def get_leakage_report() -> LeakageReport | None:
    """Return the leakage report of the official split; None if the audit was not run."""
    settings = get_settings()
    return _cached_leakage_report(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner="Counting near-duplicates", max_entries=2)
def _cached_leakage_report(outputs: str, when: FolderStamp, _settings: Settings) -> LeakageReport | None:
    manifest = get_dataset().manifest
    try:
        return None if manifest.empty else load_leakage_report(manifest, _settings)
    except (BrainTumorError, ValueError, KeyError):
        return None


def get_shortcut_accuracy(target: str) -> tuple[Metric, float] | None:
    """Return how accurately image features alone predict `class` or `origin`, and the share of the largest class."""
    settings = get_settings()
    exploration = _cached_exploration(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)
    try:
        shortcut = exploration["shortcut"][target]
        accuracy = shortcut["accuracy"]
        metric = Metric(accuracy["value"], (accuracy["low"], accuracy["high"]), accuracy["n"], accuracy["groups"])
        return metric, float(shortcut["chance"])
    except (KeyError, TypeError):
        return None


@st.cache_resource(show_spinner="Reading the exploration", max_entries=2)
def _cached_exploration(outputs: str, when: FolderStamp, _settings: Settings) -> Mapping[str, Any]:
    try:
        exploration = json.loads((_settings.dataset_outputs / "exploration.json").read_text(encoding="utf-8"))
        return exploration if isinstance(exploration, dict) else {}
    except (OSError, ValueError):
        return {}
