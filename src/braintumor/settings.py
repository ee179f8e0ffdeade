"""Typed configuration, read from environment variables with the prefix `BRAINTUMOR_`."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

SQLITE_FILE: Final = "braintumor.sqlite"
_ENVIRONMENT_PREFIX: Final = "BRAINTUMOR_"


def _project_root() -> Path:
    """Return the checkout this package runs from, or the working folder when it is installed elsewhere."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else Path.cwd()


def _default_data_dir() -> Path:
    """Return `data` in a checkout, or the operating system's folder for user data."""
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file():
        return root / "data"
    from platformdirs import user_data_path  # only an installed package needs it

    return user_data_path("braintumor", appauthor=False)


class Settings(BaseModel):
    """Folders and limits. Every field can be set with the environment variable ``BRAINTUMOR_<NAME>``.

    A value given to the constructor takes precedence over the environment. A plain pydantic model: pydantic-settings
    takes longer to import than all of the fields below take to read.

    Attributes
    ----------
    inputs : Path
        Folder of raw data. The Kaggle set is in `inputs/brain-tumor-mri-dataset`.
    outputs : Path
        Folder of everything computed: `outputs/dataset` and one folder per trained model.
    recipes : Path
        Folder of training recipes.
    cache : Path, optional
        Folder of data derived from the raw data, such as decoded model inputs. Default: `inputs/.cache`.
    version : str
        The model used by the app and by `predict` by default.
    max_bytes, max_pixels : int
        Larger files, and images with more pixels, are rejected before decoding. The pixel limit of an image with more
        than 8 bits is a quarter of `max_pixels`.
    min_side : int
        Images with a side shorter than this many pixels are rejected.
    max_files : int
        Number of files read in one call, including those inside archives.
    max_frames : int
        Number of slices in one file: pages, frames, or slices of a volume along all planes together.
    max_archive_bytes, max_unpacked_bytes : int
        Size of a ZIP archive, and total unpacked size of all archives read in one call.
    max_ratio : int
        Highest compression ratio of a file in an archive.
    max_volume_bytes : int
        Size of a NIfTI file and of its uncompressed content, and of the content of a deflated DICOM file.
    all_time_points : bool
        Read every time point of a time series (4-D) as a series of its own, not only the first.
    decode_seconds : float
        Time limit for decoding one compressed DICOM slice.
    weights_dir : Path, optional
        Folder of ImageNet weights for training. Default: downloaded through Keras.
    threads : int
        Threads for ONNX Runtime; 0 lets ONNX Runtime choose.
    workers : int
        Processes or threads that read image sets; 0 means one per core.
    data : Path, optional
        Folder of what users store: database, scans and the key of the audit log. Default: `data` next to a checkout, or
        the folder for user data of the operating system.
    database : SecretStr, optional
        Address of the database, such as `postgresql://user:password@host/name`. Default: SQLite in `data`.
    blobs : str, optional
        Where scans are stored: a folder or `s3://bucket/prefix`, with the credentials and the endpoint of the
        variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`. Default: `blobs`
        in `data`.
    blob_key : SecretStr, optional
        Keys that encrypt stored scans, 32 bytes each in Base64, separated by commas: the first encrypts, all decrypt.
    audit_key : SecretStr, optional
        Key of the audit log, at least 32 characters. Default: the file `audit.key` in `data`, created on first use.
    scan_days : int
        Stored scans are deleted this many days after they were saved, and their results are kept; 0 keeps them.
    restore_days : int
        Deleted records can be restored for this many days.
    user_bytes : int
        Size of the scans that one user may store; 0 for no limit.
    accounts : bool
        Whether every page and API route needs an account (`on` or `off`). Off is for one user on one computer.
    registration : {"open", "invitation", "off"}
        Who may create an account: everyone who reaches the server, whoever has an invitation, or nobody.
    public_url : str, optional
        Address under which browsers reach the server, such as `https://scans.example.org`. Needed to serve other
        computers. With `https`, cookies are sent over encrypted connections only.
    session_hours, idle_minutes : int
        A login ends after this time, and after this time without activity.
    worker_thread : bool
        Whether the web server does background jobs itself. Off where `braintumor worker` does them.
    smtp : SecretStr, optional
        Mail server for links, such as `smtps://user:password@mail.example.org`. Without one, administrators pass them
        on.
    mail_from : str, optional
        Sender of mails. Default: `braintumor@` and the host of `public_url`.
    oidc_issuer, oidc_client_id : str, optional
    oidc_client_secret : SecretStr, optional
        OpenID Connect provider for single sign-on, and this server's registration there.
    language_url : str, optional
        Address of an OpenAI-compatible language model for questions about a result, such as
        `http://localhost:11434/v1`. Default: none, and no request leaves this computer.
    language_model : str, optional
        Name of the model there. Both are needed.
    language_key : SecretStr, optional
        Key that the language model asks for. Sent over `https`, or to this computer.
    """

    model_config = ConfigDict(extra="ignore", validate_default=True)

    inputs: Path = Field(default_factory=lambda: _project_root() / "inputs")
    outputs: Path = Field(default_factory=lambda: _project_root() / "outputs")
    recipes: Path = Field(default_factory=lambda: _project_root() / "recipes")
    cache: Path | None = None
    version: str = "v5"
    max_bytes: int = Field(default=64 * 2**20, gt=0)
    max_pixels: int = Field(default=64_000_000, gt=0)
    min_side: int = Field(default=32, gt=0)
    max_files: int = Field(default=2_000, gt=0)
    max_frames: int = Field(default=2_000, gt=0)
    max_archive_bytes: int = Field(default=256 * 2**20, gt=0)
    max_unpacked_bytes: int = Field(default=2**30, gt=0)
    max_ratio: int = Field(default=200, gt=0)
    max_volume_bytes: int = Field(default=256 * 2**20, gt=0)
    all_time_points: bool = False
    decode_seconds: float = Field(default=4.0, gt=0)
    weights_dir: Path | None = None
    threads: int = Field(default=0, ge=0)
    workers: int = Field(default=0, ge=0)
    data: Path | None = None
    database: SecretStr | None = None
    blobs: str | None = None
    blob_key: SecretStr | None = None
    audit_key: SecretStr | None = None
    scan_days: int = Field(default=0, ge=0)
    restore_days: int = Field(default=30, ge=0)
    user_bytes: int = Field(default=0, ge=0)
    accounts: bool = False
    registration: Literal["open", "invitation", "off"] = "invitation"
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+$")
    session_hours: int = Field(default=12, gt=0)
    idle_minutes: int = Field(default=30, gt=0)
    worker_thread: bool = True
    smtp: SecretStr | None = None
    mail_from: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    language_url: str | None = Field(default=None, pattern=r"^https?://[^?#@\s]+$")
    language_model: str | None = Field(default=None, min_length=1)
    language_key: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _add_environment(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in fields from environment variables, whose names may be in either case."""
        environment = {name.upper(): value for name, value in os.environ.items()}
        names = {field: f"{_ENVIRONMENT_PREFIX}{field.upper()}" for field in cls.model_fields}
        return {field: environment[name] for field, name in names.items() if name in environment} | values

    @property
    def dataset(self) -> Path:
        """Folder of the raw Kaggle set, which contains `Training` and `Testing`."""
        return self.inputs / "brain-tumor-mri-dataset"

    @property
    def cache_folder(self) -> Path:
        """Folder of data derived from the raw data."""
        return self.cache or self.inputs / ".cache"

    @property
    def data_dir(self) -> Path:
        """Folder of the database, the stored scans and the key of the audit log."""
        return self.data or _default_data_dir()

    @property
    def has_storage(self) -> bool:
        """Whether anything may be stored yet. Ask this before opening the storage, which creates the data folder."""
        return self.database is not None or (self.data_dir / SQLITE_FILE).is_file()

    @property
    def dataset_outputs(self) -> Path:
        """Folder of the manifest, the audit and the average images."""
        return self.outputs / "dataset"


@cache
def get_settings() -> Settings:
    """Return the settings of this process, read once. Tests call `get_settings.cache_clear()`."""
    return Settings()
