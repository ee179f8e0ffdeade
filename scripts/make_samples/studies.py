"""Make the two studies of 24 slices: DICOM series with a tumour, and a volume without one."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEGBaseline8Bit, MRImageStorage, generate_uid

from braintumor.datasets.external.sets import external_folder
from braintumor.datasets.external.volume_slices import find_field
from braintumor.enums import Plane, Split
from braintumor.settings import Settings
from scripts.make_samples.slices import to_jpeg

SLICE_COUNT: Final = 24
# Published for the whole collection: J. Cheng et al., PLoS ONE 10(10), 2015, e0140381.
_PIXEL_SIZE, _THICKNESS, _SLICE_DISTANCE = 0.49, 6.0, 7.0  # mm
_ORIENTATIONS: Final = {
    Plane.AXIAL: [1, 0, 0, 0, 1, 0],
    Plane.CORONAL: [1, 0, 0, 0, 0, -1],
    Plane.SAGITTAL: [0, 1, 0, 0, 0, -1],
}
_EXTERNAL_SET: Final = "ds000011"
# A fixed time in the archive, so that the same slices give the same file.
_ZIP_TIME: Final = (2026, 1, 1, 0, 0, 0)


def pituitary_study(manifest: pd.DataFrame, settings: Settings) -> tuple[bytes, str]:
    """Return a ZIP of 24 DICOM files of one test patient, in one series for each plane, and the patient."""
    patient = study_patient(manifest, settings)
    rows = _published_slices(manifest, settings)
    rows = rows[rows["patient"] == patient]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for series, (plane, slices) in enumerate(rows.groupby("plane"), start=1):
            images = _align([_read_gray(settings.dataset / path) for path in slices["path"]])
            for number, pixels in enumerate(images, start=1):
                content = _dicom_file(to_jpeg(pixels), pixels.shape, Plane(str(plane)), series, number)
                archive.writestr(zipfile.ZipInfo(f"{plane}/{number:02d}.dcm", _ZIP_TIME), content)
    return stream.getvalue(), patient


def study_patient(manifest: pd.DataFrame, settings: Settings) -> str:
    """Return the first test patient with exactly 24 different slices of known plane."""
    counts = _published_slices(manifest, settings).groupby("patient")["path"].size()
    return str(sorted(counts.index[counts == SLICE_COUNT])[0])


def _read_gray(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def _align(images: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Mirror slices that lie the other way than the one before: the Kaggle set has mirrored some."""
    aligned = images[:1]
    for pixels in images[1:]:
        before, mirrored = aligned[-1].ravel(), np.ascontiguousarray(pixels[:, ::-1])
        is_mirrored = np.corrcoef(before, mirrored.ravel())[0, 1] > np.corrcoef(before, pixels.ravel())[0, 1]
        aligned.append(mirrored if is_mirrored else pixels)
    return aligned


def _published_slices(manifest: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the different slices of the test patients of the figshare collection, in the order of publication."""
    provenance = pd.read_csv(settings.inputs / "provenance.csv", dtype={"patient": str})
    provenance["path"] = provenance["split"] + "/" + provenance["label"] + "/" + provenance["file"]
    test = manifest[(manifest["split"] == str(Split.TEST)) & (manifest["origin"] == "figshare-cheng")]
    rows = test.merge(provenance[["path", "cheng_slice", "brisc_transform"]], on="path")
    rows = rows[(rows["brisc_transform"] == "identity") & rows["plane"].isin([str(plane) for plane in _ORIENTATIONS])]
    return rows.sort_values(["cheng_slice", "path"]).drop_duplicates("cheng_slice")


def _dicom_file(jpeg: bytes, shape: tuple[int, ...], plane: Plane, series: int, number: int) -> bytes:
    """Return a DICOM file without any patient data, and without a position, which is not published."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, _uid(f"{series}.{number}")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _uid("study"), _uid(f"series {series}")
    dataset.Modality, dataset.ImageType = "MR", ["DERIVED", "PRIMARY"]
    dataset.PatientName, dataset.PatientID, dataset.PatientIdentityRemoved = "", "", "YES"
    dataset.SeriesNumber, dataset.InstanceNumber = series, number
    dataset.SeriesDescription = f"T1 with contrast, {plane}"
    dataset.BodyPartExamined, dataset.ContrastBolusAgent = "HEAD", "Gd-DTPA"
    dataset.ImageOrientationPatient = _ORIENTATIONS[plane]
    dataset.PixelSpacing = [_PIXEL_SIZE, _PIXEL_SIZE]
    dataset.SliceThickness, dataset.SpacingBetweenSlices = _THICKNESS, _SLICE_DISTANCE
    dataset.Rows, dataset.Columns = shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.LossyImageCompression, dataset.LossyImageCompressionMethod = "01", "ISO_10918_1"
    dataset.BurnedInAnnotation = "NO"
    dataset.PixelData = encapsulate([jpeg])
    dataset["PixelData"].is_undefined_length = True
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MRImageStorage, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.file_meta = meta
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _uid(text: str) -> UID:
    return generate_uid(entropy_srcs=["braintumor sample study", text])


def tumor_free_study(settings: Settings) -> tuple[bytes, str]:
    """Return 24 axial slices of the volume whose person is in the test split, as NIfTI, and the person."""
    table = pd.read_csv(settings.dataset_outputs / "external.csv", dtype=str, keep_default_na=False)
    is_volume = table["path"].str.startswith(f"{_EXTERNAL_SET}-slices/") & (table["split"] == str(Split.TEST))
    person = sorted(table.loc[is_volume, "patient"].unique())[0]
    name = f"{_EXTERNAL_SET}_{person}_T1w"
    path = external_folder(settings) / _EXTERNAL_SET / "volumes" / f"{name}.nii.gz"
    image = nibabel.as_closest_canonical(nibabel.load(path))
    values = np.asarray(image.dataobj, dtype=np.float32)
    brain = [index for index in range(values.shape[2]) if find_field(name, Plane.AXIAL, index) == "brain"]
    step = (brain[-1] - brain[0]) // (SLICE_COUNT - 1)
    chosen = slice(brain[0], brain[0] + step * SLICE_COUNT, step)
    low, high = np.percentile(values, (0.5, 99.8))
    levels = np.clip((values - low) / (high - low), 0, 1)[:, :, chosen]
    rows, columns = (np.flatnonzero((levels > 0.1).any(axis=axes)) for axes in ((1, 2), (0, 2)))
    x, y = (slice(max(0, index[0] - 4), index[-1] + 5) for index in (rows, columns))
    affine = image.affine @ np.diag([1, 1, step, 1])
    affine[:3, 3] = (image.affine @ [x.start, y.start, brain[0], 1])[:3]
    small = nibabel.Nifti1Image((255 * levels[x, y]).round().astype(np.uint8), affine)
    small.header.set_xyzt_units("mm")
    return gzip.compress(small.to_bytes(), 9, mtime=0), person
