"""Download one file over HTTP: resumed where a previous attempt stopped, and verified."""

import shutil
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file

_TIMEOUT: Final = 60  # seconds without any data


def download_file(url: str, target: Path, size: int, sha256: str) -> None:
    """Download a file to `target`, which appears only once it is complete and verified.

    An interrupted download leaves a hidden `.part` file, and the next call requests only the rest.

    Raises
    ------
    DatasetError
        The server cannot be reached or refuses, the connection breaks, or the content is not the expected one.
    """
    partial = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _download_rest(url, partial, size)
    except (OSError, HTTPException) as error:  # urllib's errors are OSErrors
        reason = f"status {error.code}" if isinstance(error, HTTPError) else str(error)
        raise DatasetError(
            f"Cannot download {target.name} from {url} ({reason}). Run the command again: it resumes."
        ) from error
    if partial.stat().st_size < size:
        raise DatasetError(
            f"The download of {target.name} from {url} stopped early. Run the command again: it resumes."
        )
    if partial.stat().st_size != size or sha256_file(partial) != sha256:
        partial.unlink()
        raise DatasetError(
            f"{target.name}: the file at {url} is not the expected one (its size or SHA-256 differs). It was deleted. "
            "Run the command again; if it fails again, the published file has changed."
        )
    partial.replace(target)


def _download_rest(url: str, partial: Path, size: int) -> None:
    """Append the missing bytes to the partial file, or start again where the server sends the whole file."""
    start = partial.stat().st_size if partial.is_file() else 0
    if start >= size:
        return
    request = Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310 the table is trusted
    with urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
        mode = "ab" if response.status == HTTPStatus.PARTIAL_CONTENT else "wb"
        with partial.open(mode) as file:
            shutil.copyfileobj(response, file)
