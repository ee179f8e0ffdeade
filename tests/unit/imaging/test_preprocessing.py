"""Standardizing: the head fills the frame, its aspect is kept, and maps find their way back."""

import numpy as np
import pytest

from braintumor.imaging import Geometry, InputSpec, foreground_bbox, preprocess, read_scan, to_batch
from tests.golden.draw import arrays, head

CONTRACT = InputSpec(height=150, width=150)
GREY = arrays()["array-uint8"]


def test_the_frame_is_8_bit_and_of_the_contracts_size():
    for contract in (CONTRACT, InputSpec(60, 90), InputSpec(60, 90, fit="stretch", crop_margin=False)):
        frame, geometry = preprocess(read_scan(GREY), contract)
        assert frame.shape == (contract.height, contract.width)
        assert frame.dtype == np.uint8
        assert geometry.input_size == (contract.width, contract.height)


def test_the_empty_margin_is_cut_off():
    left, top, right, bottom = foreground_bbox(GREY)
    inside = np.argwhere(head() > 0.1)
    assert (top, left) == tuple(inside.min(axis=0)) or abs(top - inside[:, 0].min()) <= 3
    assert bottom - top < GREY.shape[0]
    assert right - left < GREY.shape[1]
    frame, geometry = preprocess(read_scan(GREY), CONTRACT)
    assert geometry.crop_box == (left, top, right, bottom)
    assert frame[0].max() > 24, "the head touches the frame"


def test_without_cropping_the_whole_scan_is_kept():
    _, geometry = preprocess(read_scan(GREY), InputSpec(150, 150, crop_margin=False))
    assert geometry.crop_box == (0, 0, GREY.shape[1], GREY.shape[0])


def test_a_black_margin_more_or_less_hardly_changes_the_frame():
    wide = np.pad(GREY, ((31, 12), (5, 44)))
    one, other = (preprocess(read_scan(array), CONTRACT)[0].astype(int) for array in (GREY, wide))
    assert np.abs(one - other).mean() < 3


def test_a_mirrored_scan_gives_a_mirrored_frame():
    one, other = (preprocess(read_scan(array), CONTRACT)[0].astype(int) for array in (GREY, GREY[:, ::-1]))
    # An odd letterbox margin cannot be halved, so the mirror image may sit one pixel off.
    assert min(np.abs(one - np.roll(other[:, ::-1], shift, axis=1)).mean() for shift in (-1, 0, 1)) < 1


@pytest.mark.parametrize("array", [np.zeros((40, 60), np.uint8), np.eye(60, dtype=np.uint8) * 200])
def test_a_dark_or_sparse_picture_is_kept_whole(array):
    assert foreground_bbox(array) == (0, 0, array.shape[1], array.shape[0])


def test_a_sliver_of_light_does_not_become_the_whole_frame():
    array = np.zeros((100, 100), np.uint8)
    array[:, 40:45] = 200
    assert foreground_bbox(array) == (0, 0, 100, 100)


def test_a_picture_wider_than_65535_pixels_is_cropped_right():
    array = np.zeros((40, 70_000), np.uint8)
    array[:, 20_000:] = 90  # more bright pixels a row than 16 bits can count
    assert foreground_bbox(array) == (20_000, 0, 70_000, 40)


def test_a_batch_is_the_frames_over_255_repeated_over_the_channels():
    frames = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    batch = to_batch(frames, InputSpec(3, 4, channels=3))
    assert batch.shape == (2, 3, 4, 3)
    assert batch.dtype == np.float32
    for channel in range(3):
        np.testing.assert_array_equal(batch[..., channel], frames.astype(np.float32) / np.float32(255))


def test_a_map_comes_back_to_where_the_lesion_lies():
    lesion = np.zeros(GREY.shape, bool)
    lesion[45:65, 55:75] = True
    frame, geometry = preprocess(read_scan(np.where(lesion, 255, GREY // 4).astype(np.uint8)), CONTRACT)
    back = geometry.resample_to_scan((frame > 200).astype(np.float32))
    assert back.shape == GREY.shape
    found = back > 0.5
    assert (found & lesion).sum() / (found | lesion).sum() > 0.85


def test_the_margin_gets_the_value_asked_for():
    geometry = Geometry(scan_size=(100, 80), crop_box=(20, 10, 80, 70), paste_box=(0, 0, 50, 50), input_size=(50, 50))
    back = geometry.resample_to_scan(np.ones((12, 12), np.float32), fill_value=-1.0)
    assert back.shape == (80, 100)
    np.testing.assert_allclose(back[10:70, 20:80], 1.0)
    assert back.sum() == pytest.approx(60 * 60 - (100 * 80 - 60 * 60))


def test_the_contract_survives_a_card():
    contract = InputSpec(3, 4, 1, False, "stretch")
    assert InputSpec(**contract.to_dict()) == contract


def test_a_map_over_a_part_of_the_frame_comes_back_there_and_fades_out_around_it():
    geometry = Geometry(scan_size=(90, 90), crop_box=(0, 0, 90, 90), paste_box=(0, 0, 90, 90), input_size=(90, 90))
    back = geometry.resample_to_scan(np.ones((4, 6), np.float32), extent=(15, 25, 75, 65))
    np.testing.assert_allclose(back[31:59, 21:69], 1.0, atol=1e-6)
    assert back[:19].max() == back[71:].max() == back[:, :9].max() == back[:, 81:].max() == 0.0
    assert (np.diff(back[45, 10:21]) >= 0).all()


@pytest.mark.parametrize("cell", [(0, 0), (5, 7), (11, 11)])
def test_the_middle_of_a_cell_is_the_middle_of_what_it_sees(cell):
    geometry = Geometry(
        scan_size=(150, 150), crop_box=(0, 0, 150, 150), paste_box=(0, 0, 150, 150), input_size=(150, 150)
    )
    values = np.zeros((12, 12), np.float32)
    values[cell] = 1.0
    back = geometry.resample_to_scan(values, extent=(19.5, 19.5, 127.5, 127.5))  # 48 pixels wide, every 9
    rows, columns = np.nonzero(back > 0.95 * back.max())
    assert rows.mean() + 0.5 == pytest.approx(24 + 9 * cell[0], abs=1)
    assert columns.mean() + 0.5 == pytest.approx(24 + 9 * cell[1], abs=1)


def test_an_extent_of_the_whole_frame_is_the_default():
    _, geometry = preprocess(read_scan(GREY), CONTRACT)
    values = np.random.default_rng(0).random((12, 12), np.float32)
    whole = geometry.resample_to_scan(values, extent=(0, 0, 150, 150))
    np.testing.assert_allclose(whole, geometry.resample_to_scan(values), atol=1e-6)
