"""Tensors of a PyTorch weights file (`.pth`), read without PyTorch and without running code from the file.

The format is the one PyTorch wrote before version 1.6: five pickles (magic number, version, platform, tensors, order of
the storages), then the number of values and the values of each storage.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import RecipeError

_MAGIC_NUMBER: Final = 0x1950A86A20F9469CFC6C
_PICKLES: Final = 5
_OTHER_FORMAT: Final = "it is not in the format of PyTorch before version 1.6"
_DTYPES: Final = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_pth(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a state dict that PyTorch saved.

    Parameters
    ----------
    path : Path
        A `.pth` file in the format before PyTorch 1.6, with tensors of float32 or int64.

    Returns
    -------
    dict of str to ndarray
        Tensors by name, in the layout of PyTorch: kernels are (outputs, inputs, rows, columns).

    Raises
    ------
    RecipeError
        The file is damaged, has another format, or contains anything but tensors.
    """
    try:
        if zipfile.is_zipfile(path):
            raise pickle.UnpicklingError(_OTHER_FORMAT)
        with path.open("rb") as file:
            return _read_tensors(file)
    except Exception as error:  # a damaged pickle raises many types
        raise RecipeError(
            f"Cannot read the PyTorch weights in {path.name} ({error}). No code in it was run. Get the file again from "
            "its source."
        ) from error


@dataclass(frozen=True, slots=True)
class _StoredTensor:
    """Where the values of a tensor are; offset and strides are counted in values of the storage `key`."""

    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _describe_tensor(key: str, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any) -> _StoredTensor:
    """Take the place of `torch._utils._rebuild_tensor_v2`; the values are read later."""
    return _StoredTensor(key, offset, tuple(shape), tuple(strides))


_ALLOWED: Final = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _describe_tensor,
    **{("torch", name): dtype for name, dtype in _DTYPES.items()},
}


class _TensorUnpickler(pickle.Unpickler):
    """Unpickler that finds nothing but ordered dicts and descriptions of tensors, so that no code can run."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.dtypes: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it contains {module}.{name}, which is not a tensor of float32 or int64")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> str:
        _, dtype, key, *_ = pid
        self.dtypes[key] = dtype
        return str(key)


def _read_tensors(file: BinaryIO) -> dict[str, NDArray[Any]]:
    unpicklers = [_TensorUnpickler(file) for _ in range(_PICKLES)]
    magic_number, _, _, state, keys = [unpickler.load() for unpickler in unpicklers]
    if magic_number != _MAGIC_NUMBER:
        raise pickle.UnpicklingError(_OTHER_FORMAT)
    dtypes = {key: dtype for unpickler in unpicklers for key, dtype in unpickler.dtypes.items()}
    storages = {key: _read_storage(file, np.dtype(dtypes[key])) for key in keys}
    return {name: _view_values(storages[tensor.key], tensor) for name, tensor in state.items()}


def _read_storage(file: BinaryIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little")
    content = file.read(count * dtype.itemsize)
    if len(content) != count * dtype.itemsize:
        raise EOFError("it is truncated")
    return np.frombuffer(content, dtype)


def _view_values(storage: NDArray[Any], tensor: _StoredTensor) -> NDArray[Any]:
    values = storage[tensor.offset :]
    steps = [size - 1 for size in tensor.shape]
    last = sum(step * stride for step, stride in zip(steps, tensor.strides, strict=True))
    if any(number < 0 for number in (tensor.offset, *steps, *tensor.strides)) or last >= len(values):
        raise IndexError("a tensor reaches beyond its values")
    strides = tuple(stride * storage.itemsize for stride in tensor.strides)
    return np.lib.stride_tricks.as_strided(values, tensor.shape, strides, writeable=False)
