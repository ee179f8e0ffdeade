"""DICOM series split into stacks: planes, time points, echoes, b-values and image types, each sorted in space."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import SkipReason
from braintumor.imaging import SkippedScan
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata
from braintumor.imaging.dicom.series import SortedSlice, sort_into_series
from braintumor.imaging.dicom.stacks import DicomSlice, name_plane, split_into_stacks

AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)


def make_slice(number, series_key="ab" * 12, study_key="", role="", copy="", instance_number=True, tags=None, **frame):
    """Make a slice of a file of its own, numbered as given."""
    metadata = DicomMetadata(
        rows=64, columns=64, is_color=False, is_inverted=False, bits=16, frames=(FrameMetadata(**frame),),
        series_key=series_key, study_key=study_key, role=role, instance_number=number if instance_number else None,
    )  # fmt: skip
    return DicomSlice(f"IM{number}{copy}", None, f"{number:064d}{copy}", replace(metadata, **(tags or {})))


def make_frames(frames):
    """Make the slices of one multi-frame file."""
    metadata = DicomMetadata(
        rows=64, columns=64, is_color=False, is_inverted=False, bits=16, frames=tuple(frames), series_key="cd" * 12,
        series_number=3, instance_number=1, contrast_words=("T1",),
    )  # fmt: skip
    return [DicomSlice("enhanced.dcm", None, "0" * 64, metadata, index) for index in range(len(frames))]


def shuffled(slices):
    return [slices[index] for index in np.random.default_rng(3).permutation(len(slices))]


def sort_names(slices, **options):
    """Return the names of the slices of each stack, by title, and what was skipped."""
    by_title, skipped = {}, []
    for item in sort_into_series(slices, **options):
        if isinstance(item, SkippedScan):
            skipped.append(item)
        else:
            by_title.setdefault(item.position.title, []).append(item.slice.name)
    return by_title, skipped


def test_planes_of_an_enhanced_file_are_stacks_sorted_in_space():
    frames = [
        FrameMetadata(position=position, orientation=plane)
        for position in (10.0, 0.0, 5.0)
        for plane in (AXIAL, CORONAL, SAGITTAL)
    ]
    items = [item for item in sort_into_series(make_frames(frames)) if isinstance(item, SortedSlice)]
    titles = [item.position.title for item in items]
    assert titles == [
        f"Series 3, T1, {plane}, 3 slices" for plane in ("axial", "coronal", "sagittal") for _ in range(3)
    ]
    assert [item.slice.frame.position for item in items] == [0.0, 5.0, 10.0] * 3
    assert [(item.position.index, item.position.count) for item in items] == [(0, 3), (1, 3), (2, 3)] * 3
    assert len({item.position.key for item in items}) == 3


def test_frames_without_orientation_are_a_stack_of_their_own():
    """They are neither placed among the others nor taken for further time points."""
    frames = [
        FrameMetadata(position=5.0 * place, orientation=AXIAL, time=str(time)) for place in (0, 1) for time in (1, 2)
    ]
    by_title, (skipped,) = sort_names(make_frames([*frames, FrameMetadata(), FrameMetadata()]))
    assert [title.removeprefix("Series 3, T1, ") for title in by_title] == [
        "axial, 2 slices, time point 1 of 2",
        "2 slices",
    ]
    assert skipped.reason == "1 more time point of series 3 (2 slices)"


def test_slightly_turned_slices_stay_in_one_plane():
    turned = (0.996, 0.087, 0, -0.087, 0.996, 0)
    slices = [make_slice(1, position=0.0, orientation=AXIAL), make_slice(2, position=4.0, orientation=turned)]
    assert len(split_into_stacks(slices)) == 1


@pytest.mark.parametrize("times", [("1", "2", "10"), ("0", "3000.5", "12000"), ("", "", "")])
def test_first_time_point_is_read_and_the_others_are_one_skipped_scan(times):
    slices = [
        make_slice(1 + 4 * point + place, position=5.0 * place, orientation=AXIAL, time=time)
        for point, time in enumerate(times)
        for place in range(4)
    ]
    by_title, (skipped,) = sort_names(shuffled(slices))
    noun = "time point" if any(times) else "volume"
    assert by_title == {f"Series, axial, 4 slices, {noun} 1 of 3": ["IM1", "IM2", "IM3", "IM4"]}
    assert skipped.reason == f"2 more {noun}s of a series (8 slices)"
    by_title, skipped = sort_names(shuffled(slices), all_time_points=True)
    assert list(by_title.values()) == [[f"IM{4 * point + place}" for place in range(1, 5)] for point in range(3)]
    assert not skipped


def test_slices_with_trigger_times_of_their_own_are_ordered_by_repetition():
    slices = [
        make_slice(1 + 4 * point + place, position=5.0 * place, orientation=AXIAL, time=str(2000 * point + 500 * place))
        for point in range(3)
        for place in range(4)
    ]
    by_title, _ = sort_names(shuffled(slices), all_time_points=True)
    assert [len(names) for names in by_title.values()] == [4, 4, 4]
    assert by_title["Series, axial, 4 slices, time point 2 of 3"] == ["IM5", "IM6", "IM7", "IM8"]


def test_acquisition_numbers_of_interleaved_slices_do_not_split_a_volume():
    slices = [make_slice(number, position=4.0 * number, orientation=AXIAL, time=str(number % 2)) for number in range(8)]
    (stack,) = split_into_stacks(shuffled(slices))
    assert [item.name for item in stack.slices] == [f"IM{number}" for number in range(8)]


def test_echoes_b_values_and_image_types_are_stacks_that_are_all_read():
    kinds = [
        {"echo": "1"}, {"echo": "2"}, {"diffusion": "0"}, {"diffusion": "1000"}, {"image_type": "phase"},
        {"image_type": "magnitude"},
    ]  # fmt: skip
    slices = [
        make_slice(1 + 3 * number + place, position=5.0 * place, orientation=AXIAL, **kind)
        for number, kind in enumerate(kinds)
        for place in range(3)
    ]
    by_title, skipped = sort_names(shuffled(slices))
    assert not skipped
    assert [len(names) for names in by_title.values()] == [3] * 6
    assert list(by_title) == [
        f"Series, axial, {kind}3 slices"
        for kind in ("echo 1 of 2, ", "echo 2 of 2, ", "b 0, ", "b 1000, ", "phase, ", "magnitude, ")
    ]


def test_directions_of_one_b_value_are_repetitions_of_it():
    slices = [
        make_slice(
            1 + 3 * number + place, position=5.0 * place, orientation=AXIAL, diffusion="0" if not number else "1000"
        )
        for number in range(4)
        for place in range(3)
    ]
    by_title, (skipped,) = sort_names(shuffled(slices))
    assert list(by_title) == ["Series, axial, b 0, 3 slices", "Series, axial, b 1000, 3 slices, volume 1 of 3"]
    assert skipped.reason == "2 more volumes of a series (6 slices)"


def test_copies_of_a_slice_are_no_time_points():
    slices = [make_slice(n, position=4.0 * n, orientation=AXIAL, copy=copy) for copy in ("", "x") for n in range(3)]
    (stack,) = split_into_stacks(slices)
    assert [item.name for item in stack.slices] == ["IM0", "IM0x", "IM1", "IM1x", "IM2", "IM2x"]


def test_slices_at_one_placeholder_position_stay_together():
    slices = [make_slice(number, position=0.0, orientation=AXIAL) for number in range(5)]
    (stack,) = split_into_stacks(shuffled(slices))
    assert [item.name for item in stack.slices] == [f"IM{number}" for number in range(5)]


@pytest.mark.parametrize("other", [{"rows": 32}, {"mosaic_count": 4}])
def test_slices_of_another_size_at_the_same_places_are_no_time_points(other):
    slices = [make_slice(number, position=5.0 * number) for number in range(3)]
    others = [make_slice(number + 10, position=5.0 * number, tags=other) for number in range(3)]
    by_title, skipped = sort_names([*slices, *others])
    assert not skipped
    assert sorted(name for names in by_title.values() for name in names) == sorted(
        item.name for item in (*slices, *others)
    )


def test_time_points_without_positions_are_split_where_they_are_blocks():
    blocks = [make_slice(number, time=str(number // 4)) for number in range(12)]
    assert [len(stack.slices) for stack in split_into_stacks(shuffled(blocks))] == [4, 4, 4]
    interleaved = [make_slice(number, time=str(number % 2)) for number in range(12)]
    assert len(split_into_stacks(shuffled(interleaved))) == 1


@pytest.mark.parametrize("role", ["localizer", "derived map", "screenshot", "report"])
def test_other_roles_are_skipped_only_beside_images_of_their_study(role):
    image = make_slice(1, series_key="a" * 24, study_key="study")
    other = make_slice(2, series_key="b" * 24, study_key="study", role=role)
    elsewhere = make_slice(3, series_key="c" * 24, study_key="another", role=role)
    skipped, *read = sort_into_series([other, image, elsewhere])
    assert skipped == SkippedScan("IM2", SkipReason(role), other.sha256)
    assert [item.slice.name for item in read] == ["IM1", "IM3"]
    assert not read[0].warnings
    assert "the study has no other images" in read[1].warnings[0]


@pytest.mark.parametrize(("burned_in", "count"), [("maybe", 0), ("no", 1), ("yes", 1)])
def test_screen_capture_is_announced_once(burned_in, count):
    """The warning about text that may name the patient says already that the file is a screen capture."""
    (item,) = sort_into_series([make_slice(1, role="screenshot", tags={"burned_in": burned_in})])
    assert len(item.warnings) == count


def test_mosaics_are_images():
    (item,) = sort_into_series([make_slice(1, role="mosaic")])
    assert not item.warnings


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [(AXIAL, "axial"), (CORONAL, "coronal"), (SAGITTAL, "sagittal"), ((1, 0, 0, 0, 0.71, -0.71), "oblique"), ((), "")],
)
def test_plane_is_named_by_its_normal(orientation, plane):
    assert name_plane(orientation) == plane
