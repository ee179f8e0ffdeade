"""Round: a seed, the scans it deals, what the reader guessed and what the model said, kept for the visit."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components import artifacts, session_log
from app_pages.components.words import class_word
from braintumor.dataset.sets import KAGGLE, learnt_from
from braintumor.errors import BrainTumorError
from braintumor.evaluation.match import Bout
from braintumor.evaluation.practice import Case, deal, deal_phantoms, scan_of
from braintumor.inference import Detection, Detector
from braintumor.reporting.answer import said_right
from braintumor.reporting.opinion import ReaderFinding
from braintumor.settings import get_settings
from braintumor.vocabulary import Split, TumorClass, Verdict

SEED: Final = "practice-seed"
SEEDS: Final = 10_000
_KEY: Final = "practice-round"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of a model's reading once the next scan has come; None for the class where it refused.

    Where the version tells no kinds, any kind in `said` stands for all.
    """

    said: TumorClass | None
    tumor_probability: float
    verdict: Verdict
    kinds: bool = True


@dataclass(slots=True)
class Round:
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
    place: int = 0
    guesses: dict[int, TumorClass] = field(default_factory=dict)
    answers: dict[tuple[str, int], Answer] = field(default_factory=dict)
    latest: tuple[str, int, Detection] | None = None

    @property
    def case(self) -> Case | None:
        """The scan on the page; None once all were read."""
        return self.cases[self.place] if self.place < len(self.cases) else None

    @property
    def guess(self) -> TumorClass | None:
        """What the reader said of it; None as long as it is hidden."""
        return self.guesses.get(self.place)

    def bouts(self, version: str) -> list[Bout]:
        """Every scan that both have answered, in order; of a version that tells no kinds, tumour or none counts."""
        met = [(place, guess) for place, guess in self.guesses.items() if (version, place) in self.answers]
        return [
            Bout(self.right(version, place, guess), self.right(version, place), self.cases[place].group)
            for place, guess in met
        ]

    def right(self, version: str, place: int, guess: TumorClass | None = None) -> bool:
        """Whether a guess is right, or the version's own answer where none is given."""
        answer = self.answers[version, place]
        return said_right(guess or answer.said, self.cases[place].label, answer.kinds)

    def tells_kinds(self, version: str) -> bool:
        """Whether a version tells kinds of tumour, as far as it has answered."""
        return all(answer.kinds for (name, _), answer in self.answers.items() if name == version)


def images_here() -> bool:
    """Whether the image set and its manifest are on this machine."""
    return artifacts.dataset().exists and get_settings().dataset.is_dir()


def current_round(version: str) -> Round:
    """The round of this visit, begun anew where the seed or what can be drawn from has changed."""
    seed = int(st.session_state.setdefault(SEED, secrets.randbelow(SEEDS)))
    cases = _dealt(seed, version)
    known: Round | None = st.session_state.get(_KEY)
    if known is None or known.cases != cases:
        known = st.session_state[_KEY] = Round(seed, cases)
    return known


def _dealt(seed: int, version: str) -> tuple[Case, ...]:
    if not images_here():
        return deal_phantoms(seed)
    settings = get_settings()
    stamps = artifacts.stamp(settings.dataset_outputs), artifacts.stamp(settings.outputs / version)
    return _deal(seed, version, (str(settings.outputs), *stamps))


@st.cache_resource(show_spinner=False, max_entries=8)
def _deal(seed: int, version: str, when: object) -> tuple[Case, ...]:
    said = artifacts.predictions(version)
    # A version that learnt from another set was tested there; its round is of this set's own test scans.
    own = learnt_from(artifacts.report(version).card) == KAGGLE
    held_out = said.loc[said["split"] == str(Split.TEST), "path"].tolist() if own and not said.empty else None
    return deal(artifacts.dataset().manifest, seed, held_out)


def guess(game: Round, label: TumorClass) -> None:
    """Take the reader's answer; the first one counts."""
    if game.case is not None:
        game.guesses.setdefault(game.place, label)


def go_on(game: Round) -> None:
    """Draw the next scan."""
    game.place += 1
    game.latest = None


def new_seed() -> None:
    """Begin another round."""
    st.session_state[SEED] = secrets.randbelow(SEEDS)


def ask(game: Round, detector: Detector) -> Detection:
    """What the model says of the scan on the page, now that the reader has spoken; it goes to the session log.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    if game.latest is not None and game.latest[:2] == (detector.version, game.place):
        return game.latest[2]
    found = _detect(game, game.place, detector)
    game.latest = detector.version, game.place, found
    return found


def catch_up(game: Round, detector: Detector) -> None:
    """Ask a version for every scan the reader has read: another one may have answered so far."""
    for place in game.guesses:
        if (detector.version, place) not in game.answers:
            try:
                _detect(game, place, detector)
            except BrainTumorError:
                continue


def _detect(game: Round, place: int, detector: Detector) -> Detection:
    case = game.cases[place]
    found = detector.detect(scan_of(case), case.name)
    said = None if found.verdict is Verdict.NOT_BRAIN_MRI else found.result
    game.answers[detector.version, place] = Answer(said, found.tumor_probability, found.verdict, found.tells_kinds)
    kind = "drawn phantom, no scan; " if case.drawn else ""
    comment = f"Practice, answered blind: {kind}truth {class_word(case.label)}."
    session_log.record(found, ReaderFinding(game.guesses[place], comment, datetime.now(UTC)))
    return found
