"""DICOM parsing process: receives files on standard input and returns metadata and pixels on standard output.

A separate process, because decoders written in C can crash on a damaged file, and because no tag is then parsed, or
quoted in an error, in the app (docs/decisions/imaging/2026-11-21-dicom.md). It is started by
`braintumor.imaging.dicom.sandbox`. A message is a length in four bytes, JSON of that length, and the bytes announced by
`size` in the JSON.
"""

import io
import json
import os
import sys
import threading
import time
import warnings
from dataclasses import asdict, dataclass
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import JPEGExtended12Bit, MediaStorageDirectoryStorage

from braintumor.enums import SkipReason
from braintumor.imaging.dicom.allowed_tags import ALL_TAGS, PIXEL_DATA_TAGS, PRIVATE_TAGS
from braintumor.imaging.dicom.image_types import name_object
from braintumor.imaging.dicom.missing_attributes import AttributeProblem, fill_missing_attributes
from braintumor.imaging.dicom.mosaic import MosaicLayout, find_mosaic_layout, is_mosaic
from braintumor.imaging.dicom.parsing import parse_metadata
from braintumor.imaging.dicom.pixels import decode_frame, has_supported_depth, has_supported_layout, transfer_syntax
from braintumor.imaging.dicom.values import get_int, get_text

_READ_TAGS: Final = [*map(Tag, ALL_TAGS), *map(Tag, PRIVATE_TAGS)]
# The process ends after this time without a request; the next file starts a new one.
IDLE_SECONDS: Final = 30
# Bounds a decoder that runs on after the client has given up.
CPU_SECONDS: Final = 600
MEMORY_BYTES: Final = 2**30


class FileProblem(Exception):  # noqa: N818 - a regular answer, not a failure of this process
    """A problem with a file, as a problem code of `metadata.problem_message`; and what the file is, if no image."""

    def __init__(self, code: str, role: str = "") -> None:
        super().__init__(code)
        self.role = role


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A parsed file, the attributes that were added to it, and its layout if it is a mosaic."""

    dataset: Dataset
    assumed_attributes: tuple[str, ...] = ()
    mosaic: MosaicLayout | None = None


class RequestHandler:
    """Answers requests about one file at a time; the last file stays loaded."""

    def __init__(self) -> None:
        self.loaded_sha256 = ""
        self._file = LoadedFile(Dataset())

    def handle(self, request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the metadata of a file, or the pixels of a frame, or the problem code if that fails."""
        try:
            if self.loaded_sha256 != request["sha256"]:
                self.loaded_sha256 = ""
                self._file = _load_file(content)
                self.loaded_sha256 = request["sha256"]
            if "frame" in request:
                pixels = _frame_pixels(self._file, request["frame"])
                return {"shape": pixels.shape, "dtype": pixels.dtype.str}, pixels.tobytes()
            return _metadata_dict(self._file, bytes.fromhex(request["salt"]), request["max_frames"]), b""
        except FileProblem as problem:
            return {"problem": str(problem), "role": problem.role}, b""
        except MemoryError:
            return {"problem": "memory"}, b""


def _load_file(content: bytes) -> LoadedFile:
    try:
        dataset = dcmread(io.BytesIO(content), force=True, specific_tags=_READ_TAGS)
    except MemoryError:
        raise
    except Exception as error:  # damaged data can raise any error of a parser
        raise FileProblem("damaged") from error
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FileProblem("directory", SkipReason.DISC_INDEX)
    if not any(keyword in dataset for keyword in PIXEL_DATA_TAGS[:3]):
        if "Rows" in dataset:
            raise FileProblem("damaged")
        raise FileProblem("no_image", name_object(get_text(dataset, "SOPClassUID")))
    try:
        assumed = fill_missing_attributes(dataset)
    except AttributeProblem as problem:
        raise FileProblem(str(problem)) from None
    except MemoryError:
        raise
    except Exception as error:
        raise FileProblem("damaged") from error
    return LoadedFile(dataset, assumed, _find_mosaic(dataset))


def _find_mosaic(dataset: Dataset) -> MosaicLayout | None:
    """Return the layout of a mosaic; None for other files, and for frames that are no mosaics after all."""
    if not is_mosaic(dataset):
        return None
    layout = find_mosaic_layout(dataset, lambda index: _decode(dataset, index))
    if layout is None and (get_int(dataset, "NumberOfFrames") or 1) == 1:
        raise FileProblem("mosaic")
    return layout


def _metadata_dict(file: LoadedFile, salt: bytes, max_frames: int) -> dict[str, Any]:
    try:
        return asdict(parse_metadata(file.dataset, salt, max_frames, file.assumed_attributes, file.mosaic))
    except MemoryError:
        raise
    except Exception as error:
        raise FileProblem("damaged") from error


def _frame_pixels(file: LoadedFile, index: int) -> NDArray[Any]:
    if file.mosaic is None:
        return np.ascontiguousarray(_decode(file.dataset, index))
    frame, tile = divmod(index, file.mosaic.count)
    return np.ascontiguousarray(file.mosaic.crop_tile(_decode(file.dataset, frame), tile))


def _decode(dataset: Dataset, index: int) -> NDArray[Any]:
    if not has_supported_depth(dataset):
        raise FileProblem("depth")
    if not has_supported_layout(dataset):
        raise FileProblem("layout")
    try:
        return decode_frame(dataset, index)
    except NotImplementedError:
        raise FileProblem("compression") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders raise different errors
        raise FileProblem(_decoding_problem(dataset)) from error


def _decoding_problem(dataset: Dataset) -> str:
    """Return why a frame was not decoded: what is known not to work, or else damage."""
    syntax = transfer_syntax(dataset)
    if syntax == JPEGExtended12Bit:
        return "compression"
    has_odd_depth = syntax.is_compressed and (get_int(dataset, "BitsStored") or 8) < 8
    return "depth" if has_odd_depth else "damaged"


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer requests until the source ends."""
    last_request = [time.monotonic()]
    threading.Thread(target=_end_when_idle, args=(last_request,), daemon=True).start()
    handler = RequestHandler()
    _send(target, {"ready": True}, b"")
    while len(length := source.read(4)) == 4:
        request = json.loads(source.read(int.from_bytes(length, "big")))
        content = source.read(request["size"])
        last_request[0] = float("inf")
        answer, payload = handler.handle(request, content)
        _send(target, {**answer, "loaded_sha256": handler.loaded_sha256}, payload)
        last_request[0] = time.monotonic()


def _send(target: IO[bytes], message: dict[str, Any], content: bytes) -> None:
    encoded = json.dumps({**message, "size": len(content)}).encode()
    target.write(len(encoded).to_bytes(4, "big") + encoded)
    target.write(content)
    target.flush()


def _end_when_idle(last_request: list[float]) -> None:
    while time.monotonic() - last_request[0] < IDLE_SECONDS:
        time.sleep(1)
    os._exit(0)


def _limit_resources() -> None:
    """Limit memory and processor time, where the operating system supports it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    address_space = getattr(resource, "RLIMIT_AS", None)
    if address_space is not None and sys.platform == "linux":
        resource.setrlimit(address_space, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> None:
    """Serve standard input; output of libraries is discarded, because it may quote the file."""
    target = os.fdopen(os.dup(1), "wb")
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(devnull, stream)
    warnings.simplefilter("ignore")
    config.debug(False)
    _limit_resources()
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
