"""The process that reads DICOM: takes files from standard input, gives facts and pixels on standard output.

It has a process of its own because decoders written in C can end the one they run in when a file is damaged
(docs/decisions/2026-11-21-dicom.md), and so that no tag is parsed, and none can be quoted in an error, in the app.
Run by `braintumor.imaging.dicom.fence`; a message is a length in four bytes, JSON of that length, then the bytes that
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

from braintumor.imaging.dicom.head import facts_of
from braintumor.imaging.dicom.pixels import frame_of, is_known_layout
from braintumor.imaging.dicom.tags import DATA, EVERY

# Nothing asked for so long: the process ends, and a new one is started for the next file.
IDLE_SECONDS: Final = 30
# A decoder that no one waits for any more must not run for ever.
CPU_SECONDS: Final = 600
MEMORY_BYTES: Final = 2**30


class Problem(Exception):  # noqa: N818 - an answer like any other, not a failure of this process
    """What is wrong with a file, as a key of `facts.PROBLEMS`."""


class Reader:
    """Answers questions about one file at a time; `held` is the hash of the file it still has."""

    def __init__(self) -> None:
        self.held = ""
        self._dataset = Dataset()

    def answer(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Facts of a file, or the pixels of a frame; the reason where there are none."""
        try:
            if self.held != question["sha256"]:
                self.held = ""
                self._dataset = _parsed(content)
                self.held = question["sha256"]
            if "frame" in question:
                pixels = _frame(self._dataset, question["frame"])
                return {"shape": pixels.shape, "dtype": pixels.dtype.str}, pixels.tobytes()
            return _facts(self._dataset, bytes.fromhex(question["salt"]), question["max_frames"]), b""
        except Problem as problem:
            return {"problem": str(problem)}, b""
        except MemoryError:
            return {"problem": "memory"}, b""


def _parsed(content: bytes) -> Dataset:
    try:
        dataset = dcmread(io.BytesIO(content), force=True, specific_tags=list(EVERY))
    except MemoryError:
        raise
    except Exception as error:  # any parser's error: the bytes come from anywhere
        raise Problem("damaged") from error
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise Problem("directory")
    if not any(keyword in dataset for keyword in DATA[:3]):
        raise Problem("damaged" if "Rows" in dataset else "imageless")
    return dataset


def _facts(dataset: Dataset, salt: bytes, max_frames: int) -> dict[str, Any]:
    try:
        return asdict(facts_of(dataset, salt, max_frames))
    except MemoryError:
        raise
    except Exception as error:
        raise Problem("damaged") from error


def _frame(dataset: Dataset, index: int) -> NDArray[Any]:
    try:
        if not is_known_layout(dataset):
            raise Problem("layout")
        return np.ascontiguousarray(frame_of(dataset, index))
    except NotImplementedError:
        raise Problem("compression") from None
    except (MemoryError, Problem):
        raise
    except Exception as error:  # every decoder has errors of its own
        extended = dataset.file_meta.get("TransferSyntaxUID") == JPEGExtended12Bit
        raise Problem("compression" if extended else "damaged") from error


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer until the source ends."""
    last = [time.monotonic()]
    threading.Thread(target=_end_when_idle, args=(last,), daemon=True).start()
    reader = Reader()
    _send(target, {"ready": True}, b"")
    while len(length := source.read(4)) == 4:
        question = json.loads(source.read(int.from_bytes(length, "big")))
        content = source.read(question["size"])
        last[0] = float("inf")
        answer, pixels = reader.answer(question, content)
        _send(target, {**answer, "held": reader.held}, pixels)
        last[0] = time.monotonic()


def _send(target: IO[bytes], message: dict[str, Any], content: bytes) -> None:
    encoded = json.dumps({**message, "size": len(content)}).encode()
    target.write(len(encoded).to_bytes(4, "big") + encoded)
    target.write(content)
    target.flush()


def _end_when_idle(last: list[float]) -> None:
    while time.monotonic() - last[0] < IDLE_SECONDS:
        time.sleep(1)
    os._exit(0)


def _limit() -> None:
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
    _limit()
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
