"""What the Visualizer reads from `outputs/dataset/`, kept until a file changes; shared, so not to be changed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.shared.cache import FolderStamp, get_dataset, stamp_folder
from braintumor.errors import BrainTumorError
from braintumor.exploration.charts import load_image_features, load_tumor_features
from braintumor.exploration.image_features import IMAGE_FEATURES, TUMOR_FEATURES
from braintumor.exploration.leakage_report import LeakageReport, load_leakage_report
from braintumor.exploration.outliers import find_outliers
from braintumor.results.metric import Metric
from braintumor.settings import Settings, get_settings


def get_image_features() -> pd.DataFrame:
    """The facts of each image beside its manifest row; empty where exploration has not been run."""
    settings = get_settings()
    return _cached_image_features(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
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
    """The images out of place, as `outliers` gives them; `facts` must not be empty."""
    settings = get_settings()
    return _cached_outliers(str(settings.outputs), stamp_folder(settings.dataset_outputs))


@st.cache_resource(show_spinner=False, max_entries=2)
def _cached_outliers(outputs: str, when: FolderStamp) -> pd.DataFrame:
    return find_outliers(get_image_features())


def get_tumors() -> pd.DataFrame:
    """Size, place, shape and contrast of each masked tumour; empty where there are none."""
    settings = get_settings()
    return _cached_tumors(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _cached_tumors(outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    try:
        return _require_columns(load_tumor_features(_settings), ("path", "label", *TUMOR_FEATURES))
    except BrainTumorError:
        return pd.DataFrame()


def _require_columns(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The table, or an empty one where a column is lacking: it is damaged, and has to be computed anew."""
    return table if set(columns) <= set(table.columns) else pd.DataFrame()


def get_leakage_report() -> LeakageReport | None:
    """What leaks across the official split; None where the audit has not been run."""
    settings = get_settings()
    return _cached_leakage_report(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _cached_leakage_report(outputs: str, when: FolderStamp, _settings: Settings) -> LeakageReport | None:
    manifest = get_dataset().manifest
    try:
        return None if manifest.empty else load_leakage_report(manifest, _settings)
    except (BrainTumorError, ValueError, KeyError):
        return None


def get_shortcut_accuracy(target: str) -> tuple[Metric, float] | None:
    """How well a plain classifier tells `class` or `origin` from image facts alone, and what guessing would reach."""
    settings = get_settings()
    found = _cached_exploration(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)
    try:
        part = found["shortcut"][target]
        value = part["accuracy"]
        measured = Metric(value["value"], (value["low"], value["high"]), value["n"], value["groups"])
        return measured, float(part["chance"])
    except (KeyError, TypeError):
        return None


@st.cache_resource(show_spinner=False, max_entries=2)
def _cached_exploration(outputs: str, when: FolderStamp, _settings: Settings) -> Mapping[str, Any]:
    try:
        found = json.loads((_settings.dataset_outputs / "exploration.json").read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
