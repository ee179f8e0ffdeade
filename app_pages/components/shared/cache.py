"""Cached access to results and models. An entry is read again when a file in its folder changes.

All sessions share the results: no page changes them.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from app_pages.components.shared.links import check_url_value, choose_from_list
from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES, TumorClass
from braintumor.errors import ArtifactError, BrainTumorError, DatasetError
from braintumor.exploration.statistics import STATISTICS_FILE as STATISTICS
from braintumor.exploration.statistics import Statistics, load_statistics
from braintumor.inference import Detector, list_models, load_artifact
from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.results.comparison import COMPARISON_FOLDER, Comparison, read_comparison
from braintumor.results.effect_size import ClassAverage
from braintumor.results.hypothesis_status import HYPOTHESES_FILE, Experiments, read_experiments
from braintumor.results.seeds import runs_by_seed
from braintumor.results.version import VersionReport, read_predictions, read_version_report
from braintumor.settings import Settings, get_settings

FolderStamp = tuple[tuple[str, int, int], ...]


class Dataset(NamedTuple):
    """The manifest and the content of `audit.json`; empty if the audit was not run."""

    manifest: pd.DataFrame
    audit: dict[str, Any]

    @property
    def exists(self) -> bool:
        """Whether the audit was run."""
        return not self.manifest.empty


def stamp_folder(folder: Path) -> FolderStamp:
    """Return names, times and sizes of the files in a folder, as a cache key."""
    try:
        with os.scandir(folder) as entries:
            files = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    except OSError:
        return ()
    return tuple(sorted((name, info.st_mtime_ns, info.st_size) for name, info in files))


def get_report(version: str) -> VersionReport:
    """Read the results of a version."""
    settings = get_settings()
    return _cached_report(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


@st.cache_resource(show_spinner="Reading the results", max_entries=16)
def _cached_report(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> VersionReport:
    return read_version_report(version, _settings)


def get_seed_runs(version: str) -> dict[str, dict[int, VersionReport]]:
    """Read the results by seed of a version and of those it was made from; see `runs_by_seed`."""
    settings = get_settings()
    files = [*settings.outputs.glob(f"*/{EVALUATION_FILE}"), *settings.outputs.glob(f"runs/*/*/{EVALUATION_FILE}")]
    when = tuple(stamp_folder(path.parent) for path in sorted(files))
    return _cached_seed_runs(version, str(settings.outputs), when, settings)


@st.cache_resource(show_spinner="Reading the results of all seeds", max_entries=4)
def _cached_seed_runs(
    version: str, outputs: str, when: tuple[FolderStamp, ...], _settings: Settings
) -> dict[str, dict[int, VersionReport]]:
    return runs_by_seed(version, _settings)


def get_predictions(version: str) -> pd.DataFrame:
    """Read the predictions of a version for all images of its splits; empty if there are none."""
    settings = get_settings()
    return _cached_predictions(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


@st.cache_data(show_spinner="Reading the predictions", max_entries=4)
def _cached_predictions(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> pd.DataFrame:
    return read_predictions(version, _settings)


def get_dataset() -> Dataset:
    """Read manifest and audit of the image set."""
    settings = get_settings()
    return _cached_dataset(str(settings.outputs), stamp_folder(settings.dataset_outputs), settings)


@st.cache_data(show_spinner="Reading the list of images", max_entries=2)
def _cached_dataset(outputs: str, when: FolderStamp, _settings: Settings) -> Dataset:
    try:
        audit = json.loads((_settings.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
        return Dataset(read_manifest(_settings), audit if isinstance(audit, dict) else {})
    except (OSError, ValueError, BrainTumorError):
        return Dataset(pd.DataFrame(), {})


def get_comparison() -> Comparison:
    """Read the comparison of all versions; empty if there is none."""
    settings = get_settings()
    # The comparison lists versions that changed since, so it depends on all of their folders.
    folders = [settings.outputs / COMPARISON_FOLDER, *(settings.outputs / name for name in list_models(settings))]
    return _cached_comparison(str(settings.outputs), tuple(map(stamp_folder, folders)), settings)


@st.cache_resource(show_spinner="Reading the comparison", max_entries=2)
def _cached_comparison(outputs: str, when: tuple[FolderStamp, ...], _settings: Settings) -> Comparison:
    return read_comparison(_settings)


def get_experiments() -> Experiments:
    """Read the results of the experiments behind the hypotheses; empty if they were not run."""
    settings = get_settings()
    return _cached_experiments(
        str(settings.outputs), stamp_folder((settings.outputs / HYPOTHESES_FILE).parent), settings
    )


@st.cache_resource(show_spinner="Reading the experiments", max_entries=2)
def _cached_experiments(outputs: str, when: FolderStamp, _settings: Settings) -> Experiments:
    return read_experiments(_settings)


def get_statistics() -> Statistics | None:
    """Read the image statistics; None if the data set was not explored."""
    settings = get_settings()
    return _cached_statistics(str(settings.dataset_outputs / STATISTICS), stamp_folder(settings.dataset_outputs))


@st.cache_resource(show_spinner="Reading the class statistics", max_entries=2)
def _cached_statistics(path: str, when: FolderStamp) -> Statistics | None:
    try:
        return load_statistics(Path(path))
    except DatasetError:
        return None


def get_class_averages() -> dict[TumorClass, ClassAverage]:
    """Return mean and standard deviation of each class that has images."""
    statistics = get_statistics()
    if statistics is None:
        return {}
    return {
        label: ClassAverage(
            statistics.average(label),
            statistics.variability(label),
            statistics.image_count(label),
            statistics.group_count(label),
        )
        for label in CLASSES
        if statistics.image_count(label) and statistics.group_count(label)
    }


def get_detector(version: str) -> Detector:
    """Load the model of a version, shared by all sessions.

    Raises
    ------
    ArtifactError
        There is no such version, or one of its files was altered.
    """
    settings = get_settings()
    return _cached_detector(version, str(settings.outputs), stamp_folder(settings.outputs / version), settings)


def find_detector(version: str) -> Detector | None:
    """Return the detector of a version; None if it is not on this server."""
    try:
        return get_detector(version)
    except BrainTumorError:
        return None


@st.cache_resource(show_spinner="Loading the model", max_entries=4)
def _cached_detector(version: str, outputs: str, when: FolderStamp, _settings: Settings) -> Detector:
    return Detector.load(version, _settings)


def select_version() -> str:
    """Return the version from the settings, or let the user choose if there are several."""
    settings = get_settings()
    versions = list_models(settings)
    if settings.version not in versions and _is_loadable(settings.version, settings):  # a run in `outputs/runs`
        versions = [settings.version, *versions]
    if len(versions) < 2:
        only = versions[0] if versions and settings.version not in versions else settings.version
        check_url_value("Model version", "version", (only,))
        return only
    default = versions.index(settings.version) if settings.version in versions else 0
    with st.container(width=220, gap="xxsmall"):
        version: str = choose_from_list("Model version", versions, "version", index=default)
        if _is_non_commercial(version, settings):
            st.caption("Weights: non-commercial")
    return version


def _is_non_commercial(version: str, settings: Settings) -> bool:
    try:
        return load_artifact(version, settings).card.data.is_non_commercial
    except ArtifactError:
        return False


def _is_loadable(version: str, settings: Settings) -> bool:
    try:
        return all(path.is_file() for path in load_artifact(version, settings).model_paths())
    except ArtifactError:
        return False
