"""Round: a seed, the scans it deals, what the reader guessed and what the model said, kept for the visit."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import class_text
from braintumor.datasets.catalog import KAGGLE, training_dataset
from braintumor.enums import Split, TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detection, Detector
from braintumor.reader_study.cases import Case, load_case, phantom_cases, sample_cases
from braintumor.reader_study.scoring import PairedReading
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import is_correct_class
from braintumor.services import prediction_log
from braintumor.settings import get_settings

SEED_KEY: Final = "practice-seed"
SEED_COUNT: Final = 10_000
_ROUND_KEY: Final = "practice-round"


@dataclass(frozen=True, slots=True)
class ModelPrediction:
    """What is kept of a model's reading once the next scan has come; None for the class where it refused.

    Where the version tells no kinds, any kind in `said` stands for all.
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
        All there are to read, in order.
    place : int
        Which of them is on the page.
    guesses : dict of int to TumorClass
        The reader's, by place; a scan that could not be read has none.
    answers : dict of (version, place) to Answer
    latest : Detection of the scan on the page, with its version and place.
    """

    seed: int
    cases: tuple[Case, ...]
    position: int = 0
    guesses: dict[int, TumorClass] = field(default_factory=dict)
    predictions: dict[tuple[str, int], ModelPrediction] = field(default_factory=dict)
    latest: tuple[str, int, Detection] | None = None

    @property
    def case(self) -> Case | None:
        """The scan on the page; None once all were read."""
        return self.cases[self.position] if self.position < len(self.cases) else None

    @property
    def guess(self) -> TumorClass | None:
        """What the reader said of it; None as long as it is hidden."""
        return self.guesses.get(self.position)

    def paired_readings(self, version: str) -> list[PairedReading]:
        """Every scan that both have answered, in order; of a version that tells no kinds, tumour or none counts."""
        met = [(place, guess) for place, guess in self.guesses.items() if (version, place) in self.predictions]
        return [
            PairedReading(
                self.is_correct(version, place, guess), self.is_correct(version, place), self.cases[place].group
            )
            for place, guess in met
        ]

    def is_correct(self, version: str, position: int, guess: TumorClass | None = None) -> bool:
        """Whether a guess is right, or the version's own answer where none is given."""
        answer = self.predictions[version, position]
        return is_correct_class(guess or answer.predicted_class, self.cases[position].label, answer.is_multiclass)

    def is_multiclass(self, version: str) -> bool:
        """Whether a version tells kinds of tumour, as far as it has answered."""
        return all(answer.is_multiclass for (name, _), answer in self.predictions.items() if name == version)


def has_images() -> bool:
    """Whether the image set and its manifest are on this machine."""
    return cache.get_dataset().exists and get_settings().dataset.is_dir()


def current_round(version: str) -> PracticeRound:
    """The round of this visit, begun anew where the seed or what can be drawn from has changed."""
    seed = int(st.session_state.setdefault(SEED_KEY, secrets.randbelow(SEED_COUNT)))
    cases = _cases_for_round(seed, version)
    known: PracticeRound | None = st.session_state.get(_ROUND_KEY)
    if known is None or known.cases != cases:
        known = st.session_state[_ROUND_KEY] = PracticeRound(seed, cases)
    return known


def _cases_for_round(seed: int, version: str) -> tuple[Case, ...]:
    if not has_images():
        return phantom_cases(seed)
    settings = get_settings()
    stamps = cache.stamp_folder(settings.dataset_outputs), cache.stamp_folder(settings.outputs / version)
    return _cached_cases(seed, version, (str(settings.outputs), *stamps))


@st.cache_resource(show_spinner=False, max_entries=8)
def _cached_cases(seed: int, version: str, when: object) -> tuple[Case, ...]:
    said = cache.get_predictions(version)
    # A version that learnt from another set was tested there; its round is of this set's own test scans.
    own = training_dataset(cache.get_report(version).recipe) == KAGGLE
    held_out = said.loc[said["split"] == str(Split.TEST), "path"].tolist() if own and not said.empty else None
    return sample_cases(cache.get_dataset().manifest, seed, held_out)


def submit_guess(practice_round: PracticeRound, label: TumorClass) -> None:
    """Take the reader's answer; the first one counts."""
    if practice_round.case is not None:
        practice_round.guesses.setdefault(practice_round.position, label)


def next_case(practice_round: PracticeRound) -> None:
    """Draw the next scan."""
    practice_round.position += 1
    practice_round.latest = None


def start_new_round() -> None:
    """Begin another round."""
    st.session_state[SEED_KEY] = secrets.randbelow(SEED_COUNT)


def predict_current(practice_round: PracticeRound, detector: Detector) -> Detection:
    """What the model says of the scan on the page, now that the reader has spoken; it goes to the session log.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    if practice_round.latest is not None and practice_round.latest[:2] == (detector.version, practice_round.position):
        return practice_round.latest[2]
    found = _detect_case(practice_round, practice_round.position, detector)
    practice_round.latest = detector.version, practice_round.position, found
    return found


def score_pending(practice_round: PracticeRound, detector: Detector) -> None:
    """Ask a version for every scan the reader has read: another one may have answered so far."""
    for place in practice_round.guesses:
        if (detector.version, place) not in practice_round.predictions:
            try:
                _detect_case(practice_round, place, detector)
            except BrainTumorError:
                continue


def _detect_case(practice_round: PracticeRound, position: int, detector: Detector) -> Detection:
    case = practice_round.cases[position]
    found = detector.detect(load_case(case), case.name)
    said = None if found.verdict is Verdict.NOT_BRAIN_MRI else found.result
    practice_round.predictions[detector.version, position] = ModelPrediction(
        said, found.tumor_probability, found.verdict, found.is_multiclass
    )
    kind = "drawn phantom, no scan; " if case.is_phantom else ""
    comment = f"Practice, answered blind: {kind}truth {class_text(case.label)}."
    prediction_log.record(found, ReaderFinding(practice_round.guesses[position], comment, datetime.now(UTC)))
    return found
