"""Log of predictions, in memory or in any other store."""

from typing import Final, Protocol

from braintumor.inference import Detection
from braintumor.reporting.csv_export import CsvRow, csv_row
from braintumor.reporting.findings import ReaderFinding

# A row takes a few hundred bytes, so this is a few megabytes at most.
MAX_ROWS: Final = 5_000
_FINDING_COLUMNS: Final = ("reader_finding", "reader_comment")

# SHA-256 of the content, name of the file, model version.
RowKey = tuple[object, object, object]


class PredictionStore(Protocol):
    """Where a `PredictionLog` keeps its rows: in memory here, in a database elsewhere."""

    def get(self, key: RowKey) -> CsvRow | None:
        """Return the row of a key."""

    def save(self, key: RowKey, row: CsvRow) -> None:
        """Insert or replace a row. It becomes the newest unless only its other columns than the timestamp changed."""

    def list_rows(self) -> list[CsvRow]:
        """Return all rows, newest first."""

    def count_dropped(self) -> int:
        """Return how many of the oldest rows were dropped to limit the size."""

    def clear(self) -> None:
        """Delete all rows."""


class InMemoryPredictionStore:
    """Keeps the newest rows in memory; satisfies `PredictionStore`."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self.max_rows = max_rows
        self._rows: dict[RowKey, CsvRow] = {}
        self._dropped = 0

    def get(self, key: RowKey) -> CsvRow | None:
        """Return the row of a key."""
        return self._rows.get(key)

    def save(self, key: RowKey, row: CsvRow) -> None:
        """Insert or replace a row; a row with an unchanged timestamp keeps its position."""
        earlier = self._rows.get(key)
        if earlier is not None and earlier.get("timestamp") != row.get("timestamp"):
            del self._rows[key]
        self._rows[key] = row
        while len(self._rows) > self.max_rows:
            del self._rows[next(iter(self._rows))]
            self._dropped += 1

    def list_rows(self) -> list[CsvRow]:
        """Return copies of all rows, newest first."""
        return [dict(row) for row in reversed(self._rows.values())]

    def count_dropped(self) -> int:
        """Return how many of the oldest rows were dropped to limit the size."""
        return self._dropped

    def clear(self) -> None:
        """Delete all rows and reset the count of dropped rows."""
        self._rows.clear()
        self._dropped = 0


class PredictionLog:
    """Every prediction, one row per content, file name and model version."""

    def __init__(self, store: PredictionStore | None = None) -> None:
        self.store: PredictionStore = InMemoryPredictionStore() if store is None else store

    def record(self, detection_or_row: Detection | CsvRow, finding: ReaderFinding | None = None) -> None:
        """Record one prediction.

        The latest row of a content, name and version replaces the earlier one; a reader's finding stays until another
        is given. Recording an unchanged row again changes nothing, so a page can record on every rerun.

        Parameters
        ----------
        detection_or_row : Detection or CsvRow
            Rows of `csv_row` or `error_row`: unreadable files are logged too. An empty row is ignored.
        finding : ReaderFinding, optional
            The reader's own finding; None leaves an earlier one unchanged.
        """
        if not detection_or_row:
            return
        row = csv_row(detection_or_row) if isinstance(detection_or_row, Detection) else dict(detection_or_row)
        if finding is not None:
            row |= dict(zip(_FINDING_COLUMNS, (finding.opinion, finding.comment), strict=True))
        key = row.get("sha256"), row.get("name"), row.get("model_version")
        if earlier := self.store.get(key):
            row |= {column: earlier.get(column) for column in _FINDING_COLUMNS if row.get(column) is None}
        self.store.save(key, row)

    def list_rows(self) -> list[CsvRow]:
        """Return all rows with the columns of the CSV, newest first."""
        return self.store.list_rows()

    def count_dropped(self) -> int:
        """Return how many of the oldest rows were dropped to limit the size."""
        return self.store.count_dropped()

    def clear(self) -> None:
        """Delete all rows."""
        self.store.clear()
