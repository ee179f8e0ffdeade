"""DICOM parsing process: receives files on standard input and returns metadata and pixels on standard output.

A separate process, because decoders written in C can crash on a damaged file (docs/decisions/2026-11-21-dicom.md), and
because no tag is then parsed, or quoted in an error, in the app. Started by `braintumor.imaging.dicom.sandbox`. A
message is a length in four bytes, JSON of that length, and the bytes announced by `size` in the JSON.
"""

import io
import json
import os
import sys
import threading
import time
import warnings
from dataclasses import asdict
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGExtended12Bit, MediaStorageDirectoryStorage

from braintumor.imaging.dicom.allowed_tags import ALL_TAGS, PIXEL_DATA_TAGS
from braintumor.imaging.dicom.parsing import parse_metadata
from braintumor.imaging.dicom.pixels import decode_frame, has_supported_layout

# The process ends after this time without a request; the next file starts a new one.
IDLE_SECONDS: Final = 30
# Bounds a decoder that runs on after the client has given up.
CPU_SECONDS: Final = 600
MEMORY_BYTES: Final = 2**30


class FileProblem(Exception):  # noqa: N818 - a regular answer, not a failure of this process
    """A problem with a file, as a key of `PROBLEM_MESSAGES`."""


class RequestHandler:
    """Answers requests about one file at a time; the last file stays loaded."""

    def __init__(self) -> None:
        self.loaded_sha256 = ""
        self._dataset = Dataset()

    def handle(self, request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the metadata of a file, or the pixels of a frame, or the problem code if that fails."""
        try:
            if self.loaded_sha256 != request["sha256"]:
                self.loaded_sha256 = ""
                self._dataset = _parse_file(content)
                self.loaded_sha256 = request["sha256"]
            if "frame" in request:
                pixels = _frame_pixels(self._dataset, request["frame"])
                return {"shape": pixels.shape, "dtype": pixels.dtype.str}, pixels.tobytes()
            return _metadata_dict(self._dataset, bytes.fromhex(request["salt"]), request["max_frames"]), b""
        except FileProblem as problem:
            return {"problem": str(problem)}, b""
        except MemoryError:
            return {"problem": "memory"}, b""


def _parse_file(content: bytes) -> Dataset:
    try:
        dataset = dcmread(io.BytesIO(content), force=True, specific_tags=list(ALL_TAGS))
    except MemoryError:
        raise
    except Exception as error:  # damaged data can raise any error of a parser
        raise FileProblem("damaged") from error
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FileProblem("directory")
    if not any(keyword in dataset for keyword in PIXEL_DATA_TAGS[:3]):
        raise FileProblem("damaged" if "Rows" in dataset else "no_image")
    return dataset


def _metadata_dict(dataset: Dataset, salt: bytes, max_frames: int) -> dict[str, Any]:
    try:
        return asdict(parse_metadata(dataset, salt, max_frames))
    except MemoryError:
        raise
    except Exception as error:
        raise FileProblem("damaged") from error


def _frame_pixels(dataset: Dataset, index: int) -> NDArray[Any]:
    try:
        if not has_supported_layout(dataset):
            raise FileProblem("layout")
        return np.ascontiguousarray(decode_frame(dataset, index))
    except NotImplementedError:
        raise FileProblem("compression") from None
    except (MemoryError, FileProblem):
        raise
    except Exception as error:  # decoders raise different errors
        is_extended_jpeg = dataset.file_meta.get("TransferSyntaxUID") == JPEGExtended12Bit
        raise FileProblem("compression" if is_extended_jpeg else "damaged") from error


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
