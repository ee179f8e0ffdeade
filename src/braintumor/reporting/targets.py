"""Targets: where the results of a run of predict go, checked before the work starts."""

from dataclasses import dataclass
from pathlib import Path

from braintumor.errors import BrainTumorError


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results go.

    Attributes
    ----------
    csv : Path, optional
        The rows. While it works they lie in the same name + `.part`; started again after being stopped, it takes those
        of pictures over and reads only what is missing. Without it the rows go to a stream as they are made.
    overlays : Path, optional
        Folder for a picture of each scan with its heat map and outline.
    pdf, bundle : Path, optional
        The report, and everything as one ZIP. They hold a picture of each scan, so for them nothing is taken over.
    patient_label : str
        Printed on each page of the report; nothing else in it says whose scans they are.
    """

    csv_file: Path | None = None
    overlay_folder: Path | None = None
    pdf_file: Path | None = None
    zip_file: Path | None = None
    patient_label: str = ""

    def check(self) -> None:
        """Say now what could not be written later.

        Raises
        ------
        BrainTumorError
            A file is a folder, or two of them are the same.
        """
        files = [file for file in (self.csv_file, self.pdf_file, self.zip_file) if file]
        for file in files:
            if file.is_dir():
                raise BrainTumorError(f"{file}: this is a folder. Give the name of a file in it.")
        if len({file.resolve() for file in files}) < len(files):
            raise BrainTumorError(f"{files[0]}: the same file is named twice. Give each result a file of its own.")
