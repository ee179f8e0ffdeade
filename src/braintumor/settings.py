"""One typed Settings for the whole program, read from the environment (prefix `BRAINTUMOR_`)."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _project_root() -> Path:
    """The checkout this package runs from, or the working folder when it is installed elsewhere."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else Path.cwd()


class Settings(BaseSettings):
    """Where things are and what is allowed. Every field can be set as ``BRAINTUMOR_<NAME>``.

    Attributes
    ----------
    inputs : Path
        Folder of raw data; the Kaggle set lies in `inputs/brain-tumor-mri-dataset`.
    outputs : Path
        Folder of everything computed: `outputs/dataset` and one folder per trained version.
    recipes : Path
        Folder of training recipes.
    cache : Path, optional
        Folder of what can be made again from the raw data, such as decoded frames; `inputs/.cache` where not given.
    version : str
        The model the app and `predict` use unless told otherwise.
    max_bytes, max_pixels : int
        A file larger than this, or an image of more pixels, is refused before it is decoded. An image of more than 8
        bits may have a quarter as many pixels.
    min_side : int
        An image with a side shorter than this many pixels is refused: nothing can be read from it.
    max_files : int
        How many files are read at once, those within archives counted too.
    max_frames : int
        How many slices one file may hold: pages, frames, or slices of a volume along all planes together.
    max_archive_bytes, max_unpacked_bytes : int
        Size of a ZIP archive, and of what all archives read at once unpack to.
    max_ratio : int
        A file in an archive that unpacks to more than this many times its size there is refused.
    max_volume_bytes : int
        Size of an uncompressed volume (NIfTI, deflated DICOM).
    decode_seconds : float
        How long the decoder of compressed DICOM may take for one slice.
    weights_dir : Path, optional
        Folder of ImageNet weights to start training from; downloaded through Keras where not given.
    threads : int
        Threads for ONNX Runtime; 0 leaves the choice to it.
    workers : int
        How many processes or threads read image sets; 0 means one per core.
    """

    model_config = SettingsConfigDict(env_prefix="BRAINTUMOR_", extra="ignore")

    inputs: Path = Field(default_factory=lambda: _project_root() / "inputs")
    outputs: Path = Field(default_factory=lambda: _project_root() / "outputs")
    recipes: Path = Field(default_factory=lambda: _project_root() / "recipes")
    cache: Path | None = None
    version: str = "v4"
    max_bytes: int = Field(default=64 * 2**20, gt=0)
    max_pixels: int = Field(default=64_000_000, gt=0)
    min_side: int = Field(default=32, gt=0)
    max_files: int = Field(default=2_000, gt=0)
    max_frames: int = Field(default=2_000, gt=0)
    max_archive_bytes: int = Field(default=256 * 2**20, gt=0)
    max_unpacked_bytes: int = Field(default=2**30, gt=0)
    max_ratio: int = Field(default=200, gt=0)
    max_volume_bytes: int = Field(default=256 * 2**20, gt=0)
    decode_seconds: float = Field(default=4.0, gt=0)
    weights_dir: Path | None = None
    threads: int = Field(default=0, ge=0)
    workers: int = Field(default=0, ge=0)

    @property
    def dataset(self) -> Path:
        """Folder of the raw Kaggle set, with `Training` and `Testing` inside."""
        return self.inputs / "brain-tumor-mri-dataset"

    @property
    def cache_folder(self) -> Path:
        """Folder of what can be made again from the raw data."""
        return self.cache or self.inputs / ".cache"

    @property
    def dataset_outputs(self) -> Path:
        """Folder of the manifest, the audit and the average images."""
        return self.outputs / "dataset"


@cache
def get_settings() -> Settings:
    """The settings of this process, read once. Tests call `get_settings.cache_clear()`."""
    return Settings()
