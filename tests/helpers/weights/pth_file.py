"""PyTorch weights files in the format before version 1.6, written without PyTorch."""

import pickle
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np


def _rebuild_tensor_v2() -> None:
    """Function that PyTorch's files call for each tensor."""


_rebuild_tensor_v2.__module__ = "torch._utils"
_STORAGES = {
    kind: type(name, (), {"__module__": "torch"}) for kind, name in (("f", "FloatStorage"), ("i", "LongStorage"))
}


@dataclass
class _Storage:
    key: str
    values: np.ndarray


class _TorchPickler(pickle.Pickler):
    """Pickler that writes arrays as PyTorch writes tensors, and keeps their values for the end of the file."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, protocol=2)
        self.storages: list[_Storage] = []

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, _Storage):
            return "storage", _STORAGES[value.values.dtype.kind], value.key, "cpu", value.values.size, None
        return None

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return NotImplemented
        self.storages.append(_Storage(str(len(self.storages)), value.ravel(order="K")))
        strides = tuple(stride // value.itemsize for stride in value.strides)
        return _rebuild_tensor_v2, (self.storages[-1], 0, value.shape, strides, False, OrderedDict())


def write_pth(path: Path, state: Mapping[str, Any]) -> None:
    """Write arrays of float32 and int64, transposed ones too, or anything else that pickle accepts."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    vars(torch).update({storage.__name__: storage for storage in _STORAGES.values()})
    vars(utils)["_rebuild_tensor_v2"] = _rebuild_tensor_v2
    content = BytesIO()
    for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(header, content, protocol=2)
    with mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils}):
        pickler = _TorchPickler(content)
        pickler.dump(OrderedDict(state))
    pickle.dump([storage.key for storage in pickler.storages], content, protocol=2)
    values = [s.values.size.to_bytes(8, "little") + s.values.tobytes() for s in pickler.storages]
    path.write_bytes(content.getvalue() + b"".join(values))
