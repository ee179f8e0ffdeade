"""A practice round: seed, cases, the reader's guesses and the models' predictions, for one session."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import class_text
from app_pages.components.shared.session_state import current_prediction_log
from braintumor.datasets.catalog import KAGGLE, evaluation_dataset
from braintumor.enums import Split, TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detection, Detector
from braintumor.reader_study.cases import Case, load_case, preview_cases, sample_cases
from braintumor.reader_study.scoring import PairedReading
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import is_correct_class
from braintumor.settings import get_settings

SEED_KEY: Final = "practice-seed"
SEED_COUNT: Final = 10_000
_ROUND_KEY: Final = "practice-round"


@dataclass(frozen=True, slots=True)
class ModelPrediction:
    """A model's prediction for one case.

    Attributes
    ----------
    predicted_class : TumorClass or None
        None if the model rejected the scan. For a binary model, any tumour type means tumour.
    """

    predicted_class: TumorClass | None
    tumor_probability: float
    verdict: Verdict
    is_multiclass: bool = True


@dataclass(slots=True)
class PracticeRound:
    """One round of practice.

    Attributes
    ----------
    cases : tuple of Case
        All cases, in order.
    position : int
        Index of the current case.
    guesses : dict of int to TumorClass
        The reader's answers by case index; a scan that could not be read has none.
    predictions : dict of (version, index) to ModelPrediction
    latest : (version, index, Detection), optional
        Detection of the current case.
    """

    seed: int
    cases: tuple[Case, ...]
    position: int = 0
    guesses: dict[int, TumorClass] = field(default_factory=dict)
    predictions: dict[tuple[str, int], ModelPrediction] = field(default_factory=dict)
    latest: tuple[str, int, Detection] | None = None

    @property
    def case(self) -> Case | None:
        """The current case; None after the last one."""
        return self.cases[self.position] if self.position < len(self.cases) else None

    @property
    def guess(self) -> TumorClass | None:
        """The reader's answer for the current case; None before it is given."""
        return self.guesses.get(self.position)

    def paired_readings(self, version: str) -> list[PairedReading]:
        """Return every case that both have answered, in order; with a binary model, scored as tumour vs no tumour."""
        return [
            PairedReading(
                self.is_correct(version, index, guess), self.is_correct(version, index), self.cases[index].group
            )
            for index, guess in self.guesses.items()
            if (version, index) in self.predictions
        ]

    def is_correct(self, version: str, index: int, guess: TumorClass | None = None) -> bool:
        """Whether a guess is right; without a guess, whether the version's own prediction is."""
        prediction = self.predictions[version, index]
        return is_correct_class(guess or prediction.predicted_class, self.cases[index].label, prediction.is_multiclass)

    def is_multiclass(self, version: str) -> bool:
        """Whether a version predicts the tumour type, as far as it has answered."""
        return all(prediction.is_multiclass for (name, _), prediction in self.predictions.items() if name == version)


def has_images() -> bool:
    """Whether the image set and its manifest are on this machine."""
    return cache.get_dataset().exists and get_settings().dataset.is_dir()


def current_round(version: str) -> PracticeRound:
    """Return the round of this session; a new one if the seed or the available cases have changed."""
    seed = int(st.session_state.setdefault(SEED_KEY, secrets.randbelow(SEED_COUNT)))
    cases = _cases_for_round(seed, version)
    current: PracticeRound | None = st.session_state.get(_ROUND_KEY)
    if current is None or current.cases != cases:
        current = st.session_state[_ROUND_KEY] = PracticeRound(seed, cases)
    return current


def _cases_for_round(seed: int, version: str) -> tuple[Case, ...]:
    settings = get_settings()
    stamps = cache.stamp_folder(settings.dataset_outputs), cache.stamp_folder(settings.outputs / version)
    return _cached_cases(seed, version, not has_images(), (str(settings.outputs), *stamps))


@st.cache_resource(show_spinner=False, max_entries=8)
def _cached_cases(seed: int, version: str, use_previews: bool, when: object) -> tuple[Case, ...]:
    predictions = cache.get_predictions(version)
    # A version trained on another data set was tested on that one; its round uses this set's test split.
    is_kaggle = evaluation_dataset(cache.get_report(version).recipe) == KAGGLE
    tested_paths = None
    if is_kaggle and not predictions.empty:
        tested_paths = predictions.loc[predictions["split"] == str(Split.TEST), "path"].tolist()
    if use_previews:
        return preview_cases(seed, tested_paths)
    return sample_cases(cache.get_dataset().manifest, seed, tested_paths)


def submit_guess(practice_round: PracticeRound, label: TumorClass) -> None:
    """Store the reader's answer; only the first one counts."""
    if practice_round.case is not None:
        practice_round.guesses.setdefault(practice_round.position, label)


def next_case(practice_round: PracticeRound) -> None:
    """Go to the next case."""
    practice_round.position += 1
    practice_round.latest = None


def start_new_round() -> None:
    """Start another round with a random seed."""
    st.session_state[SEED_KEY] = secrets.randbelow(SEED_COUNT)


def predict_current(practice_round: PracticeRound, detector: Detector) -> Detection:
    """Detect on the current case after the reader's answer, and log the result.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    if practice_round.latest is not None and practice_round.latest[:2] == (detector.version, practice_round.position):
        return practice_round.latest[2]
    detection = _detect_case(practice_round, practice_round.position, detector)
    practice_round.latest = detector.version, practice_round.position, detection
    return detection


def score_pending(practice_round: PracticeRound, detector: Detector) -> None:
    """Run a version on every case the reader has answered with another version selected."""
    for index in practice_round.guesses:
        if (detector.version, index) not in practice_round.predictions:
            try:
                _detect_case(practice_round, index, detector)
            except BrainTumorError:
                continue


def _detect_case(practice_round: PracticeRound, index: int, detector: Detector) -> Detection:
    case = practice_round.cases[index]
    detection = detector.detect(load_case(case), case.name)
    is_rejected = not detection.verdict.has_result
    practice_round.predictions[detector.version, index] = ModelPrediction(
        None if is_rejected else detection.result,
        detection.tumor_probability,
        detection.verdict,
        detection.is_multiclass,
    )
    kind = "synthetic phantom, not a scan; " if case.is_phantom else "small preview; " if case.is_preview else ""
    comment = f"Practice, blind answer: {kind}true class {class_text(case.label)}."
    finding = ReaderFinding(practice_round.guesses[index], comment, datetime.now(UTC))
    current_prediction_log().record(detection, finding)
    return detection
