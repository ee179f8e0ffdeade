"""DICOM series: sorting of slices, titles of known words, and opaque keys."""

from collections import Counter

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.imaging import Scan
from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import UID_ROOT, make_dicom
from tests.helpers.enhanced import make_enhanced, make_mosaic
from tests.helpers.scan_files.volumes import CASES

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


def stack_titles(files, **settings):
    """Return the number of slices by title, and what was skipped."""
    items = list(iter_scans(files, Settings(**settings)))
    titles = Counter(item.series.title for item in items if isinstance(item, Scan))
    assert len(titles) == len({item.series.key for item in items if isinstance(item, Scan)})
    return titles, [(item.name, item.reason) for item in items if not isinstance(item, Scan)]


def make_group(place, plane=AXIAL, time=None, frame_type=None):
    group = {
        "PlanePositionSequence": {"ImagePositionPatient": [0, 0, 4.0 * place]},
        "PlaneOrientationSequence": {"ImageOrientationPatient": plane},
    }
    if time is not None:
        group["FrameContentSequence"] = {"TemporalPositionIndex": time}
    if frame_type is not None:
        group["MRImageFrameTypeSequence"] = {"FrameType": ["ORIGINAL", "PRIMARY", frame_type]}
    return group


def make_rolled(count):
    return np.stack([np.roll(GRAY_16, number) for number in range(count)])


def test_enhanced_time_series_gives_its_first_time_point():
    groups = [make_group(place, time=time) for place in (2, 0, 1) for time in (3, 1, 2)]
    content = make_enhanced(make_rolled(9), groups)
    titles, skipped = stack_titles([("e.dcm", content)])
    assert titles == {"Series, axial, 3 slices, time point 1 of 3": 3}
    assert skipped == [("e.dcm", "2 more time points of a series (6 slices)")]
    names = [scan.name for scan in iter_scans([("e.dcm", content)]) if isinstance(scan, Scan)]
    assert names == ["e.dcm [frame 5]", "e.dcm [frame 8]", "e.dcm [frame 2]"]
    assert len(stack_titles([("e.dcm", content)], all_time_points=True)[0]) == 3


def test_magnitude_and_field_map_of_an_enhanced_file_are_stacks_of_their_own():
    groups = [make_group(place, frame_type=kind) for place in range(3) for kind in ("M", "FIELD_MAP")]
    titles, skipped = stack_titles([("e.dcm", make_enhanced(make_rolled(6), groups))])
    assert titles == {"Series, axial, magnitude, 3 slices": 3, "Series, axial, field map, 3 slices": 3}
    assert not skipped


def test_maps_in_an_enhanced_file_are_skipped():
    groups = [make_group(place, frame_type=kind) for place in range(2) for kind in ("M", "ADC")]
    titles, skipped = stack_titles([("e.dcm", make_enhanced(make_rolled(4), groups))])
    assert titles == {"Series, axial, 2 slices": 2}
    assert skipped == [("e.dcm [frame 2]", "derived map"), ("e.dcm [frame 4]", "derived map")]


@pytest.mark.parametrize("tag", ["TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime", None])
def test_time_series_of_single_files_gives_its_first_time_point(tag):
    def time_point(number):
        time = {} if tag is None else {tag: str(100 + number // 4)}
        place = {"ImageOrientationPatient": AXIAL, "ImagePositionPatient": [0, 0, 3.0 * (number % 4)]}
        return {**place, **time, "InstanceNumber": str(number + 1)}

    files = make_files(12, time_point, SeriesNumber="5", SeriesDescription="ep2d_t2")
    noun = "time point" if tag else "volume"
    titles, ((_, reason),) = stack_titles(files)
    assert titles == {f"Series 5, T2, axial, 4 slices, {noun} 1 of 3": 4}
    assert reason == f"2 more {noun}s of series 5 (8 slices)"


def test_time_series_of_mosaics_gives_its_first_mosaic():
    slices = np.stack([make_phantom(TumorClass.GLIOMA, number, 64).pixels for number in range(7)]).astype(np.uint16)
    contents = [make_mosaic(slices * (n + 8), 3, InstanceNumber=str(n), AcquisitionNumber=str(n)) for n in range(2)]
    files = [("M1", contents[1]), ("M0", contents[0])]
    titles, ((_, reason),) = stack_titles(files)
    assert list(titles.values()) == [7]
    assert reason == "1 more time point of a series (7 slices)"


@pytest.mark.skipif(not CASES.is_dir(), reason="the files are not on this machine")
def test_case_with_two_planes_gives_two_sorted_stacks():
    case = CASES / "enhanced_axial_coronal_localizer.dcm"
    scans = list(iter_scans([(case.name, case)]))
    assert [(scan.series.title, scan.series.index) for scan in scans] == [
        (f"Series, {plane}, 3 slices", index) for plane in ("axial", "coronal") for index in range(3)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AX T2 FLAIR", ["FLAIR"]), ("t2_tse_tra", ["T2"]), ("T2* GRE", ["T2*"]), ("T1W +C", ["T1", "with contrast"]),
        ("FLUID_ATTENUATED", ["FLAIR"]), ("DOE^JANE 1970", []), ("Dr. T1mothy", []), ("post mortem", []), ("", []),
    ],
)  # fmt: skip
def test_only_known_words_of_a_description_are_used(text, words):
    assert describe_contrast(text) == words
