"""Make the samples and previews in `src/braintumor/samples` from the raw data in `inputs`.

Usage: `python -m scripts.make_samples`, after `braintumor data fetch`, `data fetch --external` and `data audit`. The
same inputs give the same files. `inputs/provenance.csv` says which published slice each image of the Kaggle set shows.
"""

import hashlib
import io
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageFile

from braintumor.datasets.ct_slices import CT_SLICES_FILE
from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES, Plane, Split
from braintumor.exploration.image_features import TUMOR_FEATURES_FILE
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.samples.catalog import FILES, SAMPLES_FILE, THUMBNAIL_SIDE, THUMBNAILS, Sample
from braintumor.settings import Settings, get_settings
from scripts.make_samples.previews import write_previews
from scripts.make_samples.slices import encode_gray, pad_to_square
from scripts.make_samples.studies import pituitary_study, study_patient, tumor_free_study

_CHENG: Final = "J. Cheng, brain tumor dataset, figshare 2017, doi:10.6084/m9.figshare.1512427"
_KAGGLE: Final = "M. Nickparvar, Brain Tumor MRI Dataset, Kaggle, doi:10.34740/kaggle/dsv/2645886"
_KAGGLE_URL: Final = "https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset"
_FOERDE: Final = "K. Foerde, B. J. Knowlton, R. A. Poldrack, OpenfMRI ds000011, 2006"
_FOERDE_URL: Final = "https://openneuro.org/datasets/ds000011"


class _Entry(NamedTuple):
    """A sample and the content of its file."""

    content: bytes
    sample: Sample


def _entry(content: bytes, *fields: str) -> _Entry:
    """Make an entry from the fields of a sample without the last, the hash of its file."""
    return _Entry(content, Sample(*(*fields, hashlib.sha256(content).hexdigest())))


def main() -> None:
    """Write the files, their thumbnails and tables."""
    settings = get_settings()
    entries = [*_slices(settings), *_studies(settings), *_others(settings)]
    for folder in (FILES, THUMBNAILS):
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
    for content, sample in entries:
        sample.path.write_bytes(content)
        sample.thumbnail.write_bytes(_thumbnail(content, sample, settings))
    pd.DataFrame([asdict(sample) for _, sample in entries]).to_csv(SAMPLES_FILE, index=False, lineterminator="\n")
    write_previews(_usable_rows(settings), settings)


def _usable_rows(settings: Settings) -> pd.DataFrame:
    """Return validation and test images of the Kaggle set, one of each copy, without head CT."""
    manifest = read_manifest(settings)
    held_out = manifest[manifest["split"].isin([str(Split.VALIDATION), str(Split.TEST)])]
    rows = held_out[~held_out["path"].isin(_ct_paths(settings))].sort_values("path").drop_duplicates("sha256")
    return rows[rows.groupby("group")["label"].transform("nunique") == 1]


def _ct_paths(settings: Settings) -> list[str]:
    return pd.read_csv(settings.dataset_outputs / CT_SLICES_FILE, dtype=str)["path"].tolist()


def _slices(settings: Settings) -> list[_Entry]:
    """Return a test image of each class: the one with the median tumour area, or without a tumour the middle by path.

    Tumours are axial slices of the figshare collection with an outline, of other patients than the study.
    """
    rows = _usable_rows(settings)
    rows = rows[(rows["split"] == str(Split.TEST)) & (rows["patient"] != study_patient(rows, settings))]
    areas = pd.read_csv(settings.dataset_outputs / TUMOR_FEATURES_FILE, dtype={"path": str})[["path", "area"]]
    rows = rows.merge(areas, on="path", how="left").fillna({"area": 0.0})
    entries = []
    for number, label in enumerate(CLASSES, start=1):
        matches = rows[rows["label"] == str(label)]
        if label.is_tumor:
            is_outlined = (matches["origin"] == "figshare-cheng") & (matches["area"] > 0)
            matches = matches[is_outlined & (matches["plane"] == str(Plane.AXIAL))]
        row = matches.sort_values(["area", "path"]).iloc[len(matches) // 2]
        content = encode_gray(settings.dataset / row["path"])
        origin = f"{_KAGGLE} ({row['path']})" + (f"; from {_CHENG}" if label.is_tumor else "")
        entries.append(
            _entry(
                content, f"slice-{number}", f"sample-slice-{number}.jpg", f"Slice {number}", label.value, origin,
                _KAGGLE_URL, "CC0-1.0", "Grey JPEG, quality 85",
            )
        )  # fmt: skip
    return entries


def _studies(settings: Settings) -> list[_Entry]:
    dicom, patient = pituitary_study(read_manifest(settings), settings)
    volume, subject = tumor_free_study(settings)
    return [
        _entry(
            dicom, "study-1", "sample-study-1.zip", "Study 1", "pituitary",
            f"{_KAGGLE}; from {_CHENG} (patient {patient})", _KAGGLE_URL, "CC0-1.0",
            "Three series of T1 with contrast as DICOM (grey JPEG, quality 85), with the published pixel size and "
            "slice distance; mirrored where neighbours were not; positions are not published",
        ),
        _entry(
            volume, "study-2", "sample-study-2.nii.gz", "Study 2", "notumor", f"{_FOERDE} ({subject})", _FOERDE_URL,
            "PDDL-1.0", "24 evenly spaced axial slices of the brain, 8 bits, cropped in plane",
        ),
    ]  # fmt: skip


def _others(settings: Settings) -> list[_Entry]:
    manifest = read_manifest(settings)
    is_ct = manifest["path"].isin(_ct_paths(settings)) & (manifest["split"] == str(Split.TEST))
    ct = manifest[is_ct & (manifest["label"] == "notumor")].sort_values("path").iloc[0]
    first = _slices(settings)[0]
    return [
        _entry(
            encode_gray(settings.dataset / ct["path"]), "head-ct", "sample-head-ct.jpg", "Head CT", "ct",
            f"{_KAGGLE} ({ct['path']})", _KAGGLE_URL, "CC0-1.0", "Grey JPEG, quality 85",
        ),
        _entry(
            first.content[: len(first.content) // 3], "damaged-file", "sample-damaged-file.jpg", "Damaged file",
            "damaged", first.sample.source, _KAGGLE_URL, "CC0-1.0", "The first third of the file of slice 1",
        ),
    ]  # fmt: skip


def _thumbnail(content: bytes, sample: Sample, settings: Settings) -> bytes:
    """Return the picture on the button: the slice, the middle slice of a study, or what is left of the damaged file."""
    if sample.truth == "damaged":
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    else:
        scans = [scan for scan in iter_scans([(sample.file, content)], settings) if hasattr(scan, "to_uint8")]
        pixels = scans[len(scans) // 2].to_uint8()
    stream = io.BytesIO()
    Image.fromarray(pad_to_square(pixels, THUMBNAIL_SIDE)).save(stream, "WEBP", quality=75, method=6)
    return stream.getvalue()


if __name__ == "__main__":
    main()
    folder = Path(SAMPLES_FILE).parent
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".py"):
        print(f"{path.stat().st_size:>9,} {path.relative_to(folder)}")
