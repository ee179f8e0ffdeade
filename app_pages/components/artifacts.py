"""Artifacts for pages: read once, kept until a file changes on disk. A model is loaded once per version."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from braintumor.dataset.manifest import read_manifest
from braintumor.errors import BrainTumorError, DatasetError
from braintumor.evaluation.compare_file import FOLDER, Comparison, read_comparison
from braintumor.evaluation.effects import ClassImage
from braintumor.evaluation.experiments_file import Experiments, read_experiments
from braintumor.evaluation.report import Report, read_predictions, read_report
from braintumor.exploration.statistics import FILE as STATISTICS
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.statistics import load as load_statistics
from braintumor.inference import Detector, versions
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES, TumorClass

Stamp = tuple[tuple[str, int, int], ...]


class Dataset(NamedTuple):
    """The manifest, and the facts of `audit.json`; empty where the audit has not been run."""

    manifest: pd.DataFrame
    facts: dict[str, Any]

    @property
    def exists(self) -> bool:
        """Whether the audit has been run."""
        return not self.manifest.empty


def stamp(folder: Path) -> Stamp:
    """Names, times and sizes of a folder's files: what a cached reading of it depends on."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    except OSError:
        return ()


def report(version: str) -> Report:
    """What is known of a version."""
    settings = get_settings()
    return _report(version, str(settings.outputs), stamp(settings.outputs / version), settings)


@st.cache_data(show_spinner=False, max_entries=16)
def _report(version: str, outputs: str, when: Stamp, _settings: Settings) -> Report:
    return read_report(version, _settings)


def predictions(version: str) -> pd.DataFrame:
    """What was said of every scan by a version; empty where it was not written down."""
    settings = get_settings()
    return _predictions(version, str(settings.outputs), stamp(settings.outputs / version), settings)


@st.cache_data(show_spinner=False, max_entries=4)
def _predictions(version: str, outputs: str, when: Stamp, _settings: Settings) -> pd.DataFrame:
    return read_predictions(version, _settings)


def dataset() -> Dataset:
    """What is known of the image set."""
    settings = get_settings()
    return _dataset(str(settings.outputs), stamp(settings.dataset_outputs), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _dataset(outputs: str, when: Stamp, _settings: Settings) -> Dataset:
    try:
        facts = json.loads((_settings.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
        return Dataset(read_manifest(_settings), facts if isinstance(facts, dict) else {})
    except (OSError, ValueError, BrainTumorError):
        return Dataset(pd.DataFrame(), {})


def comparison() -> Comparison:
    """All versions side by side; empty where they were not compared."""
    settings = get_settings()
    # A version trained or changed since is said to be so, hence the stamps of all their folders.
    folders = [settings.outputs / FOLDER, *(settings.outputs / name for name in versions(settings))]
    return _comparison(str(settings.outputs), tuple(map(stamp, folders)), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _comparison(outputs: str, when: tuple[Stamp, ...], _settings: Settings) -> Comparison:
    return read_comparison(_settings)


def experiments() -> Experiments:
    """What the experiments behind the hypotheses found; empty where they were not run."""
    settings = get_settings()
    return _experiments(str(settings.outputs), stamp(settings.outputs), settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _experiments(outputs: str, when: Stamp, _settings: Settings) -> Experiments:
    return read_experiments(_settings)


def statistics() -> Statistics | None:
    """Average images and what goes with them; None where exploration has not been run."""
    settings = get_settings()
    return _statistics(str(settings.dataset_outputs / STATISTICS), stamp(settings.dataset_outputs))


@st.cache_resource(show_spinner=False, max_entries=2)
def _statistics(path: str, when: Stamp) -> Statistics | None:
    try:
        return load_statistics(Path(path))
    except DatasetError:
        return None


def averages() -> dict[TumorClass, ClassImage]:
    """Average and variability of each class there are images of, as the hypotheses take them."""
    known = statistics()
    if known is None:
        return {}
    return {
        label: ClassImage(known.average(label), known.variability(label), known.count(label), known.groups(label))
        for label in CLASSES
        if known.count(label) and known.groups(label)
    }


def detector(version: str) -> Detector:
    """The loaded model of a version, shared by all visitors.

    Raises
    ------
    ArtifactError
        There is no such version, or it was altered.
    """
    settings = get_settings()
    return _detector(version, str(settings.outputs), stamp(settings.outputs / version), settings)


@st.cache_resource(show_spinner="Loading the model", max_entries=4)
def _detector(version: str, outputs: str, when: Stamp, _settings: Settings) -> Detector:
    return Detector.load(version, _settings)


def chosen_version() -> str:
    """The version all pages speak of: the one in the settings, or the reader's choice where there are several."""
    settings = get_settings()
    found = versions(settings)
    if len(found) < 2:
        return found[0] if found and settings.version not in found else settings.version
    default = found.index(settings.version) if settings.version in found else 0
    return st.selectbox("Model version", found, default, key="version", persist_state="session", width=220)
