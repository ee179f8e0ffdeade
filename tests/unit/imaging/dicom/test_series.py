"""Series: files in any order become slices in the order of the body, under a title of known words and an opaque key."""

import numpy as np
import pytest

from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.scan_iterator import iter_scans
from tests.golden.draw import arrays
from tests.helpers.dicoms import ROOT, dicom

DEEP = arrays()["array-uint16"]
AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def slices(count, place, **tags):
    return [(f"IM{number}", dicom(np.roll(DEEP, number), **place(number), **tags)) for number in range(count)]


def read_shuffled(files):
    order = np.random.default_rng(5).permutation(len(files))
    return list(iter_scans([files[place] for place in order]))


def test_slices_lie_in_order_along_their_normal_whatever_their_numbers_and_names():
    def axial(number):
        return {
            "ImageOrientationPatient": AXIAL,
            "ImagePositionPatient": [0, 0, -3.5 * number],
            "InstanceNumber": str(number),
        }

    found = read_shuffled(slices(12, axial, SeriesNumber="4", SeriesDescription="t1_mprage_post"))
    assert [one.name for one in found] == [f"IM{number}" for number in reversed(range(12))]
    assert [one.series.index for one in found] == list(range(12))
    assert {one.series.title for one in found} == {"Series 4, T1, with contrast, axial, 12 slices"}


def test_without_a_place_the_number_orders_and_without_that_the_name():
    numbered = read_shuffled(slices(11, lambda number: {"InstanceNumber": str(100 - number)}))
    assert [one.name for one in numbered] == [f"IM{number}" for number in reversed(range(11))]
    named = read_shuffled(slices(11, lambda number: {}))
    assert [one.name for one in named] == [f"IM{number}" for number in range(11)], "IM10 after IM9"


def test_each_series_by_itself_and_pictures_before_them():
    first = slices(3, lambda number: {"InstanceNumber": str(number)}, SeriesNumber="1")
    second = slices(3, lambda number: {"InstanceNumber": str(number)}, SeriesNumber="2", SeriesInstanceUID=f"{ROOT}77")
    mixed = [file for pair in zip(first, second, strict=True) for file in pair]
    found = list(iter_scans(mixed))
    assert [one.series.title for one in found] == ["Series 1, 3 slices"] * 3 + ["Series 2, 3 slices"] * 3
    assert len({one.series.key for one in found}) == 2


def test_slices_that_lie_differently_follow_one_another_group_by_group():
    def localizer(number):
        way = AXIAL if number % 2 else SAGITTAL
        return {"ImageOrientationPatient": way, "ImagePositionPatient": [number, number, number]}

    names = [one.name for one in read_shuffled(slices(6, localizer))]
    assert [int(name[2:]) % 2 for name in names] in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


def test_the_key_holds_nothing_of_the_identifier_and_a_file_without_one_is_a_series_of_its_own():
    (one,) = iter_scans([("a.dcm", dicom(DEEP))])
    assert ROOT not in one.series.key
    assert len(one.series.key) == 24
    alone = list(iter_scans([(name, dicom(DEEP + add, SeriesInstanceUID=None)) for add, name in enumerate("ab")]))
    assert len({scan.series.key for scan in alone}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AX T2 FLAIR", ["FLAIR"]), ("t2_tse_tra", ["T2"]), ("T2* GRE", ["T2*"]), ("T1W +C", ["T1", "with contrast"]),
        ("FLUID_ATTENUATED", ["FLAIR"]), ("DOE^JANE 1970", []), ("Dr. T1mothy", []), ("post mortem", []), ("", []),
    ],
)  # fmt: skip
def test_only_known_words_of_a_description_are_kept(text, words):
    assert describe_contrast(text) == words
