"""Number of slices: estimated from headers before reading, and the same when all slices were read."""

import gzip
import io
import zipfile

import numpy as np

from braintumor.enums import Verdict
from braintumor.imaging.scan import SeriesPosition
from braintumor.services.file_groups import FileGroup, GroupKind, group_files
from braintumor.services.slice_count import SliceCount, estimate_slices
from braintumor.settings import Settings
from tests.helpers.readings import make_failed_reading, make_reading
from tests.helpers.scan_files.volumes import make_volume, set_fields


class _File:
    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content

    def getvalue(self) -> bytes:
        return self._content


def estimate(name: str, content: bytes) -> int:
    (group,) = group_files([_File(name, content)], lambda file: file.name)
    return estimate_slices(group, Settings())


def test_volumes_and_archives_are_counted_before_they_are_read() -> None:
    volume = make_volume(np.zeros((64, 48, 40), np.float32))
    assert estimate("brain.nii", volume) == estimate("brain.nii.gz", gzip.compress(volume)) == 64 + 48 + 40
    thin = make_volume(np.zeros((64, 48, 4), np.float32))
    assert estimate("thin.nii", thin) == 4, "planes across four slices are too small to read"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(7):
            file.writestr(f"{number}.dcm", b"content")
    assert estimate("all.zip", archive.getvalue()) == 7
    assert estimate("broken.nii.gz", volume[:50]) == estimate("empty.nii", b"") == 1
    assert estimate("damaged.nii", set_fields(volume, dim=[0] * 8)) == 1
    assert estimate_slices(FileGroup((), "key", GroupKind.NOT_SCANS), Settings()) == 0


def test_blank_slices_count_as_read_and_the_end_agrees_with_the_total() -> None:
    count = SliceCount(expected=20)
    for index in (2, 3):  # the first two are blank
        count.add(make_reading("a", Verdict.UNCERTAIN, 0.5, SeriesPosition("axial", "Axial", index, 12)))
    count.add(make_failed_reading("b"))
    assert (count.done, count.total) == (5, 20)
    for index in range(10):
        count.add(make_reading("c", Verdict.UNCERTAIN, 0.5, SeriesPosition("coronal", "Coronal", index, 10)))
    assert (count.done, count.total) == (15, 23), "more than expected"
    count.finish()
    assert count.done == count.total == 23
