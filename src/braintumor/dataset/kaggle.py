"""Download of a public Kaggle data set, with a way on where Kaggle cannot be reached."""

import zipfile
import zlib
from pathlib import Path
from typing import Final

from braintumor.errors import DatasetError, MissingExtraError

# What reading a damaged zip raises.
ZIP_ERRORS: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def download_from_kaggle(handle: str, fallback_command: str) -> Path:
    """Fetch a data set through kagglehub, which keeps what has arrived; returns its folder.

    Parameters
    ----------
    handle : str
        Owner and name on Kaggle.
    otherwise : str
        The command that takes the zip a browser downloads.

    Raises
    ------
    MissingExtraError
        kagglehub is not installed.
    DatasetError
        Kaggle could not be reached or refused.
    """
    try:
        import kagglehub
    except ModuleNotFoundError as error:
        raise MissingExtraError("kagglehub") from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises whatever its HTTP client does
        raise DatasetError(
            f"Kaggle could not be reached or refused the download ({type(error).__name__}). Try again later: what has "
            f"arrived is kept. Or download {handle} in a browser and use: {fallback_command}"
        ) from error


def damaged_zip_error(source: Path, error: Exception) -> DatasetError:
    """What to say of a zip whose content raised one of `DAMAGED`."""
    return DatasetError(f"{source.name}: not a whole zip file ({error}). Download it again.")
