"""Where the results of a batch go; every path is tried before the first scan is read."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from braintumor.errors import BrainTumorError


def partial_path(file: Path) -> Path:
    """Return the path of a result that is not complete yet."""
    return file.with_name(f".{file.name}.{os.getpid()}.part")


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results of a batch go.

    Attributes
    ----------
    csv_file : Path, optional
        The CSV file; without it, rows are written to a stream as they are produced. Until the batch is complete, rows
        are in `<csv_file>.part`: the next run reuses the rows of images in it and reads only the missing files.
    overlay_folder : Path, optional
        Folder of the overlays, one PNG per scan.
    pdf_file, zip_file : Path, optional
        The PDF report, and a ZIP archive of all results. Both contain an image of each scan, so no rows are reused.
    patient_label : str
        Text on each page of the report. Nothing else in the report identifies the patient.
    xlsx_file : Path, optional
        Excel workbook with the rows of the CSV.
    with_bom : bool
        Whether the CSV starts with a byte order mark, without which Excel garbles names that are not English.
    """

    csv_file: Path | None = None
    overlay_folder: Path | None = None
    pdf_file: Path | None = None
    zip_file: Path | None = None
    patient_label: str = ""
    xlsx_file: Path | None = None
    with_bom: bool = False

    def check(self) -> None:
        """Create missing folders and check that every result can be written, before the work starts.

        Raises
        ------
        BrainTumorError
            A path is a folder or cannot be written, or two paths are the same, or one lies below the other.
        """
        targets = [*self._files(), *filter(None, [self.overlay_folder])]
        real_files = {Path(os.path.realpath(file)) for file in self._files()}
        for target in targets:
            if real_files.intersection(Path(os.path.realpath(target)).parents):
                raise BrainTumorError(f"{target}: its folder has the name of another result. Choose a different name.")
        for file in self._files():
            _check_file(file)
        if self.overlay_folder:
            _check_overlay_folder(self.overlay_folder)
        for first, second in combinations(targets, 2):
            if _is_same(first, second):
                raise BrainTumorError(f"{second}: two results have the same file name. Give each a different one.")

    def check_sources(self, sources: Iterable[str]) -> None:
        """Check that no result replaces a file to read, and that none of an earlier run is read as a scan.

        Raises
        ------
        BrainTumorError
            A result has the path of one of the sources.
        """
        targets = {os.path.realpath(file): file for file in self._files()}
        for source in sources if targets else ():
            if target := targets.get(os.path.realpath(source)):
                raise BrainTumorError(f"{target}: this is one of the files to read. Choose another name or folder.")

    def _files(self) -> list[Path]:
        rows_so_far = self.csv_file.with_name(f"{self.csv_file.name}.part") if self.csv_file else None
        return [file for file in (self.csv_file, self.xlsx_file, self.pdf_file, self.zip_file, rows_so_far) if file]


def _is_same(first: Path, second: Path) -> bool:
    """Whether two paths are the same file, also by a link or by case on a file system that ignores it."""
    return os.path.realpath(first) == os.path.realpath(second) or (
        first.exists() and second.exists() and first.samefile(second)
    )


def _check_file(file: Path) -> None:
    with _report_errors(file):
        if file.is_dir():
            raise BrainTumorError(f"{file}: this is a folder. Give the name of a file in it.")
        if file.exists():
            if not file.is_file():
                raise BrainTumorError(f"{file}: this is not a regular file. Give the name of a new file.")
            with file.open("ab"):  # changes nothing
                pass
        file.parent.mkdir(parents=True, exist_ok=True)
        # Permissions are not reliable on every file system, and a name can be too long, so a file is created.
        partial = partial_path(file)
        partial.touch()
        partial.unlink()


def _check_overlay_folder(folder: Path) -> None:
    with _report_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise BrainTumorError(f"{folder}: this is a file. Give a folder for the overlays.")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def _report_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BrainTumorError(f"{target}: cannot be written ({error.strerror}). Choose another path.") from error
