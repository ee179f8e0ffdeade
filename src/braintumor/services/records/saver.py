"""Save the readings and studies of a session in the background, each once."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

from braintumor.db.records import SavedReading, save_finding, save_readings
from braintumor.db.storage import Actor, Storage
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading
from braintumor.services.records.reading_record import make_record
from braintumor.services.records.study_record import make_study_record

# Readings per transaction, so that other writers do not wait long.
_BATCH: Final = 16
# ID, version and time: a reading of a changed scan is a new one.
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SavingStatus:
    """How many readings are saved and waiting, and the error of the last attempt; empty if there was none."""

    saved: int
    pending: int
    error: str


class ReadingSaver:
    """Saves readings and findings of one user in a background thread, in order.

    Parameters
    ----------
    storage : Storage
    actor : Actor
        Their owner.
    """

    def __init__(self, storage: Storage, actor: Actor) -> None:
        self._storage, self.actor = storage, actor
        self._saved: dict[_Key, Future[None]] = {}
        self._findings: dict[_Key, tuple[str, str]] = {}
        self._ids: dict[_Key, SavedReading] = {}
        self._restored: set[_Key] = set()

    def sync(
        self,
        readings: Sequence[Reading],
        finding_for: Callable[[Reading], ReaderFinding | None],
        card_sha256: Callable[[str], str],
        studies: Sequence[StudyResult] = (),
    ) -> None:
        """Save what is new since the last call; it returns at once.

        Parameters
        ----------
        readings : sequence of Reading
            Made with `keep_scan`. Files that could not be read are skipped.
        finding_for : callable
            Returns the reader's finding on a reading.
        card_sha256 : callable
            Returns the hash of the card of a version.
        studies : sequence of StudyResult
            The answers for series and volumes, whose slices are among the readings.
        """
        readable = [reading for reading in readings if reading.detection is not None]
        new = [reading for reading in readable if _key(reading) not in self._saved]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            future = _executor().submit(self._save, batch, [card_sha256(reading.version) for reading in batch])
            self._saved |= dict.fromkeys(map(_key, batch), future)
        for reading in readable:
            finding = finding_for(reading) or ReaderFinding()
            self._sync_finding(_key(reading), (finding.opinion, finding.comment))
        for study in studies:
            key = study.id, study.model_version, study.timestamp
            slices = {each.id for each in study.slices}
            members = [reading for reading in readable if reading.id in slices]
            if key not in self._saved and not any(_key(reading) in self._restored for reading in members):
                waiting = [self._saved[_key(reading)] for reading in members]
                card = card_sha256(study.model_version)
                self._saved[key] = _executor().submit(self._save_study, study, members, waiting, card)

    def _sync_finding(self, key: _Key, finding: tuple[str, str]) -> None:
        if self._findings.get(key, ("", "")) != finding:
            self._findings[key] = finding
            self._saved[key] = _executor().submit(self._save_finding, key, self._saved[key], finding)

    def mark_saved(self, reading: Reading, saved: SavedReading, finding: ReaderFinding) -> None:
        """Mark a reading that was restored from its record as saved, and with it the study of which it is a slice."""
        key, done = _key(reading), Future[None]()
        done.set_result(None)
        self._saved[key], self._ids[key] = done, saved
        self._restored.add(key)
        self._findings[key] = finding.opinion, finding.comment

    def status(self) -> SavingStatus:
        """Return the progress."""
        futures = list(self._saved.values())
        errors = [error for future in futures if future.done() and (error := future.exception()) is not None]
        pending = sum(not future.done() for future in futures)
        return SavingStatus(len(futures) - pending - len(errors), pending, str(errors[-1]) if errors else "")

    def retry(self) -> None:
        """Save what failed again at the next `sync`."""
        for key, future in list(self._saved.items()):
            if future.done() and future.exception() is not None:
                del self._saved[key]
                self._findings.pop(key, None)

    def wait(self) -> None:
        """Wait until everything is saved or failed."""
        for future in list(self._saved.values()):
            future.exception()

    def _save(self, readings: Sequence[Reading], cards: Sequence[str]) -> None:
        records = [make_record(reading, card) for reading, card in zip(readings, cards, strict=True)]
        saved = save_readings(self._storage, self.actor, records)
        self._ids |= {_key(reading): ids for reading, ids in zip(readings, saved, strict=True)}

    def _save_study(
        self, study: StudyResult, slices: Sequence[Reading], waiting: Sequence[Future[None]], card: str
    ) -> None:
        for future in waiting:
            future.result()  # done already; a study is not saved without its slices
        stored = {reading.id: self._ids[_key(reading)].scan_id for reading in slices}
        save_readings(self._storage, self.actor, [make_study_record(study, slices, stored, card)])

    def _save_finding(self, key: _Key, reading: Future[None], finding: tuple[str, str]) -> None:
        reading.result()  # done already: one thread works in order
        save_finding(self._storage, self.actor, self._ids[key].reading_id, *finding)


def _key(reading: Reading) -> _Key:
    return reading.id, reading.version, str(reading.row["timestamp"])


@cache
def _executor() -> ThreadPoolExecutor:
    """Return the one thread that saves, of all sessions: SQLite has one writer at a time anyway."""
    return ThreadPoolExecutor(1, "braintumor-save")
