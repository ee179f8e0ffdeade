"""The process that reads DICOM: takes files from standard input, gives facts and pixels on standard output.

It has a process of its own because decoders written in C can end the one they run in when a file is damaged
(docs/decisions/2026-11-21-dicom.md), and so that no tag is parsed, and none can be quoted in an error, in the app.
Run by `braintumor.imaging.dicom.sandbox`; a message is a length in four bytes, JSON of that length, then the bytes that
the JSON's `size` announces.
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

# Nothing asked for so long: the process ends, and a new one is started for the next file.
IDLE_SECONDS: Final = 30
# A decoder that no one waits for any more must not run for ever.
CPU_SECONDS: Final = 600
MEMORY_BYTES: Final = 2**30


class FileProblem(Exception):  # noqa: N818 - an answer like any other, not a failure of this process
    """What is wrong with a file, as a key of `facts.PROBLEMS`."""


class RequestHandler:
    """Answers questions about one file at a time; `held` is the hash of the file it still has."""

    def __init__(self) -> None:
        self.loaded_sha256 = ""
        self._dataset = Dataset()

    def handle(self, request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Facts of a file, or the pixels of a frame; the reason where there are none."""
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
    except Exception as error:  # any parser's error: the bytes come from anywhere
        raise FileProblem("damaged") from error
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FileProblem("directory")
    if not any(keyword in dataset for keyword in PIXEL_DATA_TAGS[:3]):
        raise FileProblem("damaged" if "Rows" in dataset else "imageless")
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
    except Exception as error:  # every decoder has errors of its own
        extended = dataset.file_meta.get("TransferSyntaxUID") == JPEGExtended12Bit
        raise FileProblem("compression" if extended else "damaged") from error


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer until the source ends."""
    last = [time.monotonic()]
    threading.Thread(target=_end_when_idle, args=(last,), daemon=True).start()
    reader = RequestHandler()
    _send(target, {"ready": True}, b"")
    while len(length := source.read(4)) == 4:
        question = json.loads(source.read(int.from_bytes(length, "big")))
        content = source.read(question["size"])
        last[0] = float("inf")
        answer, pixels = reader.handle(question, content)
        _send(target, {**answer, "held": reader.loaded_sha256}, pixels)
        last[0] = time.monotonic()


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
    """Bound memory and processor time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with_limit = getattr(resource, "RLIMIT_AS", None)
    if with_limit is not None and sys.platform == "linux":
        resource.setrlimit(with_limit, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> None:
    """Serve standard input; whatever libraries print goes nowhere, for it may quote the file."""
    target = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    warnings.simplefilter("ignore")
    config.debug(False)
    _limit_resources()
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
