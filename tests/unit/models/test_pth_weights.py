"""PyTorch weights files: tensors are read as saved; anything else in a file is refused and never run."""

import os
import pickle
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from braintumor.errors import RecipeError
from braintumor.models.pth_weights import read_pth
from tests.helpers.weights.pth_file import write_pth

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


class _MakeFolder:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def test_tensors_are_read_with_their_shape_and_layout(tmp_path: Path) -> None:
    state = {"kernel": VALUES, "transposed": VALUES.transpose(2, 0, 1), "batches": np.array(7, np.int64)}
    write_pth(tmp_path / "weights.pth", state)
    tensors = read_pth(tmp_path / "weights.pth")
    assert list(tensors) == list(state)
    for name, values in state.items():
        assert tensors[name].dtype == values.dtype
        assert np.array_equal(tensors[name], values)


@pytest.mark.parametrize("place", ["header", "tensor"])
def test_code_in_the_file_is_refused_and_not_run(tmp_path: Path, place: str) -> None:
    path, folder = tmp_path / "weights.pth", tmp_path / "made"
    if place == "header":
        path.write_bytes(pickle.dumps(_MakeFolder(folder)))
    else:
        write_pth(path, {"kernel": VALUES, "bias": _MakeFolder(folder)})
    with pytest.raises(RecipeError, match=r"weights\.pth \(it contains \w+\.mkdir, which is not a tensor.*No code"):
        read_pth(path)
    assert not folder.exists()


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with zipfile.ZipFile(archive := BytesIO(), "w") as newer:
        newer.writestr("archive/data.pkl", pickle.dumps({}))
    write_pth(path, {"kernel": VALUES})
    content, stored = path.read_bytes(), VALUES.tobytes()
    one_short = (VALUES.size - 1).to_bytes(8, "little") + stored[:-4]
    damaged = [
        ("it is truncated", content[:-1]),
        ("beyond its values", content[: -len(stored) - 8] + one_short),
        ("before version 1.6", b"".join(pickle.dumps(number) for number in range(5))),
        ("before version 1.6", archive.getvalue()),
    ]
    for message, changed in damaged:
        path.write_bytes(changed)
        with pytest.raises(RecipeError, match=rf"weights\.pth \(.*{message}"):
            read_pth(path)
