"""What the Visualizer reads from `outputs/dataset/`, kept until a file changes; shared, so not to be changed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.artifacts import Stamp, dataset, stamp
from braintumor.errors import BrainTumorError
from braintumor.evaluation.measures import Estimate
from braintumor.exploration.charts import load_facts, load_tumours
from braintumor.exploration.facts import FACTS
from braintumor.exploration.leakage import LeakageReport, load_report
from braintumor.exploration.outliers import outliers
from braintumor.exploration.tumours import MEASURES
from braintumor.settings import Settings, get_settings


def facts() -> pd.DataFrame:
    """The facts of each image beside its manifest row; empty where exploration has not been run."""
    settings = get_settings()
    return _facts(str(settings.outputs), stamp(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _facts(outputs: str, when: Stamp, _settings: Settings) -> pd.DataFrame:
    manifest = dataset().manifest
    try:
        return manifest if manifest.empty else _whole(load_facts(manifest, _settings), ("path", *FACTS))
    except (BrainTumorError, KeyError):
        return pd.DataFrame()


def outlying() -> pd.DataFrame:
    """The images out of place, as `outliers` gives them; `facts` must not be empty."""
    settings = get_settings()
    return _outlying(str(settings.outputs), stamp(settings.dataset_outputs))


@st.cache_resource(show_spinner=False, max_entries=2)
def _outlying(outputs: str, when: Stamp) -> pd.DataFrame:
    return outliers(facts())


def tumours() -> pd.DataFrame:
    """Size, place, shape and contrast of each masked tumour; empty where there are none."""
    settings = get_settings()
    return _tumours(str(settings.outputs), stamp(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _tumours(outputs: str, when: Stamp, _settings: Settings) -> pd.DataFrame:
    try:
        return _whole(load_tumours(_settings), ("path", "label", *MEASURES))
    except BrainTumorError:
        return pd.DataFrame()


def _whole(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The table, or an empty one where a column is lacking: it is damaged, and has to be computed anew."""
    return table if set(columns) <= set(table.columns) else pd.DataFrame()


def leakage() -> LeakageReport | None:
    """What leaks across the official split; None where the audit has not been run."""
    settings = get_settings()
    return _leakage(str(settings.outputs), stamp(settings.dataset_outputs), settings)


@st.cache_resource(show_spinner=False, max_entries=2)
def _leakage(outputs: str, when: Stamp, _settings: Settings) -> LeakageReport | None:
    manifest = dataset().manifest
    try:
        return None if manifest.empty else load_report(manifest, _settings)
    except (BrainTumorError, ValueError, KeyError):
        return None


def shortcut(of: str) -> tuple[Estimate, float] | None:
    """How well a plain classifier tells `class` or `origin` from image facts alone, and what guessing would reach."""
    settings = get_settings()
    found = _exploration(str(settings.outputs), stamp(settings.dataset_outputs), settings)
    try:
        part = found["shortcut"][of]
        value = part["accuracy"]
        measured = Estimate(value["value"], (value["low"], value["high"]), value["n"], value["groups"])
        return measured, float(part["chance"])
    except (KeyError, TypeError):
        return None


@st.cache_resource(show_spinner=False, max_entries=2)
def _exploration(outputs: str, when: Stamp, _settings: Settings) -> Mapping[str, Any]:
    try:
        found = json.loads((_settings.dataset_outputs / "exploration.json").read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
