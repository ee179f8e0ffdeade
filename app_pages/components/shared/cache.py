"""Artifacts for pages: read once, kept until a file changes on disk. A model is loaded once per version."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import BrainTumorError, DatasetError
from braintumor.exploration.statistics import STATISTICS_FILE as STATISTICS
from braintumor.exploration.statistics import Statistics, load_statistics
from braintumor.inference import Detector, list_models
from braintumor.results.comparison import COMPARISON_FOLDER, Comparison, read_comparison
from braintumor.results.hypotheses import ClassAverage
from braintumor.results.hypothesis_status import Experiments, read_experiments
from braintumor.results.version import VersionReport, read_predictions, read_version_report
from braintumor.settings import Settings, get_settings

FolderStamp = tuple[tuple[str, int, int], ...]


class Dataset(NamedTuple):
    """The manifest, and the facts of `audit.json`; empty where the audit has not been run."""

    manifest: pd.DataFrame
    audit: dict[str, Any]

    @property
    def exists(self) -> bool:
        """Whether the audit has been run."""
        return not self.manifest.empty


def stamp_folder(folder: Path) -> FolderStamp:
    """Names, times and sizes of a folder's files: what a cached reading of it depends on."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    except OSError:
        return ()


def get_report(version: str) -> VersionReport:
    """What is known of a version."""
    settings = get_settings()
    return _cached_report(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


@st.cache_data(show_spinner=False, max_entries=16)
def _cached_report(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> VersionReport:
    return read_version_report(version, _settings)


def get_predictions(version: str) -> pd.DataFrame:
    """What was said of every scan by a version; empty where it was not written down."""
    settings = get_settings()
    return _cached_predictions(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


@st.cache_data(show_spinner=False, max_entries=4)
def _cached_predictions(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    return read_predictions(version, _settings)


def get_dataset() -> Dataset:
    """What is known of the image set."""
    settings = get_settings()
    return _cached_dataset(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _cached_dataset(outputs: str, when: FolderStamp, _settings: Settings) -> Dataset:
    try:
        facts = json.loads((_settings.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
        return Dataset(read_manifest(_settings), facts if isinstance(facts, dict) else {})
    except (OSError, ValueError, BrainTumorError):
        return Dataset(pd.DataFrame(), {})


def get_comparison() -> Comparison:
    """All versions side by side; empty where they were not compared."""
    settings = get_settings()
    # A version trained or changed since is said to be so, hence the stamps of all their folders.
    folders = [settings.outputs / COMPARISON_FOLDER, *(settings.outputs / name for name in list_models(settings))]
    return _cached_comparison(str(settings.outputs), tuple(map(stamp_folder, folders)), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _cached_comparison(outputs: str, when: tuple[FolderStamp, ...], _settings: Settings) -> Comparison:
    return read_comparison(_settings)


def get_experiments() -> Experiments:
    """What the experiments behind the hypotheses found; empty where they were not run."""
    settings = get_settings()
    return _cached_experiments(str(settings.outputs), stamp_folder(settings.outputs), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _cached_experiments(outputs: str, when: FolderStamp, _settings: Settings) -> Experiments:
    return read_experiments(_settings)


def get_statistics() -> Statistics | None:
    """Average images and what goes with them; None where exploration has not been run."""
    settings = get_settings()
    return _cached_statistics(str(settings.dataset_outputs / STATISTICS), stamp_folder(settings.dataset_outputs))


@st.cache_resource(show_spinner=False, max_entries=2)
def _cached_statistics(path: str, when: FolderStamp) -> Statistics | None:
    try:
        return load_statistics(Path(path))
    except DatasetError:
        return None


def get_class_averages() -> dict[TumorClass, ClassAverage]:
    """Average and variability of each class there are images of, as the hypotheses take them."""
    known = get_statistics()
    if known is None:
        return {}
    return {
        label: ClassAverage(
            known.average(label), known.variability(label), known.image_count(label), known.group_count(label)
        )
        for label in CLASSES
        if known.image_count(label) and known.group_count(label)
    }


def get_detector(version: str) -> Detector:
    """The loaded model of a version, shared by all visitors.

    Raises
    ------
    ArtifactError
        There is no such version, or it was altered.
    """
    settings = get_settings()
    return _cached_detector(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


@st.cache_resource(show_spinner="Loading the model", max_entries=4)
def _cached_detector(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> Detector:
    return Detector.load(version, _settings)


def select_version() -> str:
    """The version all pages speak of: the one in the settings, or the reader's choice where there are several."""
    settings = get_settings()
    found = list_models(settings)
    if len(found) < 2:
        return found[0] if found and settings.version not in found else settings.version
    default = found.index(settings.version) if settings.version in found else 0
    return st.selectbox("Model version", found, default, key="version", persist_state="session", width=220)
