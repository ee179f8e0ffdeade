"""DICOM series: sorting of slices, titles of known words, and opaque keys."""

import numpy as np
import pytest

from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.scan_iterator import iter_scans
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import UID_ROOT, make_dicom

GRAY_16 = make_arrays()["array-uint16"]
AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def make_files(count, tags_of, **tags):
    return [(f"IM{number}", make_dicom(np.roll(GRAY_16, number), **tags_of(number), **tags)) for number in range(count)]


def read_shuffled(files):
    order = np.random.default_rng(5).permutation(len(files))
    return list(iter_scans([files[index] for index in order]))


def test_slices_are_sorted_by_position_before_number_and_name():
    def axial(number):
        return {
            "ImageOrientationPatient": AXIAL,
            "ImagePositionPatient": [0, 0, -3.5 * number],
            "InstanceNumber": str(number),
        }

    scans = read_shuffled(make_files(12, axial, SeriesNumber="4", SeriesDescription="t1_mprage_post"))
    assert [scan.name for scan in scans] == [f"IM{number}" for number in reversed(range(12))]
    assert [scan.series.index for scan in scans] == list(range(12))
    assert {scan.series.title for scan in scans} == {"Series 4, T1, with contrast, axial, 12 slices"}


def test_slices_without_position_are_sorted_by_number_then_name():
    numbered = read_shuffled(make_files(11, lambda number: {"InstanceNumber": str(100 - number)}))
    assert [scan.name for scan in numbered] == [f"IM{number}" for number in reversed(range(11))]
    named = read_shuffled(make_files(11, lambda number: {}))
    assert [scan.name for scan in named] == [f"IM{number}" for number in range(11)], "IM10 after IM9"


def test_series_are_separated():
    first = make_files(3, lambda number: {"InstanceNumber": str(number)}, SeriesNumber="1")
    second = make_files(
        3, lambda number: {"InstanceNumber": str(number)}, SeriesNumber="2", SeriesInstanceUID=f"{UID_ROOT}77"
    )
    mixed = [file for pair in zip(first, second, strict=True) for file in pair]
    scans = list(iter_scans(mixed))
    assert [scan.series.title for scan in scans] == ["Series 1, 3 slices"] * 3 + ["Series 2, 3 slices"] * 3
    assert len({scan.series.key for scan in scans}) == 2


def test_orientations_of_a_localizer_are_grouped():
    def localizer(number):
        orientation = AXIAL if number % 2 else SAGITTAL
        return {"ImageOrientationPatient": orientation, "ImagePositionPatient": [number, number, number]}

    names = [scan.name for scan in read_shuffled(make_files(6, localizer))]
    assert [int(name[2:]) % 2 for name in names] in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


def test_series_key_is_opaque_and_missing_identifiers_separate_files():
    (scan,) = iter_scans([("a.dcm", make_dicom(GRAY_16))])
    assert UID_ROOT not in scan.series.key
    assert len(scan.series.key) == 24
    separate = list(
        iter_scans([(name, make_dicom(GRAY_16 + add, SeriesInstanceUID=None)) for add, name in enumerate("ab")])
    )
    assert len({scan.series.key for scan in separate}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AX T2 FLAIR", ["FLAIR"]), ("t2_tse_tra", ["T2"]), ("T2* GRE", ["T2*"]), ("T1W +C", ["T1", "with contrast"]),
        ("FLUID_ATTENUATED", ["FLAIR"]), ("DOE^JANE 1970", []), ("Dr. T1mothy", []), ("post mortem", []), ("", []),
    ],
)  # fmt: skip
def test_only_known_words_of_a_description_are_used(text, words):
    assert describe_contrast(text) == words
