"""Refusal: a file, or a slice of one, that could not be read, and the sentence that says why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailedScan:
    """What stands in a scan's place where there is none.

    Attributes
    ----------
    name : str
        Name of the file or slice, as a scan's would be.
    problem : str
        A sentence: what is wrong and what to do. It starts with the name.
    sha256 : str, optional
        Hash of the file's bytes, where they could be had.
    """

    name: str
    problem: str
    sha256: str | None = None
