"""Fence: asks the process that reads DICOM, and survives it: what ends or stalls that process is a refused file."""

import atexit
import json
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.dicom.facts import PROBLEMS, Facts
from braintumor.settings import Settings

_WORKER: Final = "braintumor.imaging.dicom.worker"
_PACKAGES: Final = str(Path(__file__).resolve().parents[3])
# For the process to load its libraries, on a busy machine.
_START_SECONDS: Final = 60.0
# Keys of series are the same within this process, and tell nothing outside it.
_SALT: Final = secrets.token_bytes(16)


class _Gone(Exception):  # noqa: N818 - how an exchange ends, seen in this file alone
    """The process ended before it answered, of itself or stopped for taking too long."""

    def __init__(self, was_stopped: bool) -> None:
        super().__init__()
        self.was_stopped = was_stopped


class Fence:
    """One reading process, started when it is needed and again after it ended. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._holds = ""
        self._listens = False

    def facts(self, data: bytes, sha256: str, name: str, settings: Settings) -> Facts:
        """What may be known of a file.

        Raises
        ------
        ScanError
            It is damaged, or holds no image.
        """
        question = {"sha256": sha256, "salt": _SALT.hex(), "max_frames": settings.max_frames}
        return Facts.of(self._ask(question, data, name, settings)[0])

    def frame(self, data: bytes, sha256: str, index: int, name: str, settings: Settings) -> NDArray[Any]:
        """Stored numbers of a frame, shape (rows, columns): uint8 or float32.

        Raises
        ------
        ScanError
            They cannot be decoded.
        """
        answer, content = self._ask({"sha256": sha256, "frame": index}, data, name, settings)
        return np.frombuffer(content, np.dtype(answer["dtype"])).reshape(answer["shape"])

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process, self._holds = self._process, None, ""
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()

    def _ask(
        self, question: dict[str, Any], data: bytes, name: str, settings: Settings
    ) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            try:
                answer, content = self._persist(question, data, settings.decode_seconds)
            except _Gone as gone:
                raise ScanError(f"{name}: {PROBLEMS['slow' if gone.was_stopped else 'crashed']}") from None
        if problem := answer.pop("problem", None):
            raise ScanError(f"{name}: {PROBLEMS[problem]}")
        return answer, content

    def _persist(self, question: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Ask; once more where a process that had been idle turned out to have ended."""
        while True:
            is_fresh = self._started()
            try:
                return self._exchange(question, data, seconds)
            except _Gone as gone:
                self.close()
                self._spawn()  # it loads its libraries while the app goes on
                if is_fresh or gone.was_stopped:
                    raise

    def _started(self) -> bool:
        """Make sure there is a process that listens; whether it is new."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.close()
            self._spawn()
        if self._listens:
            return False
        self._take(_START_SECONDS)
        self._listens = True
        return True

    def _spawn(self) -> None:
        # One thread each: more only take memory that is counted. The code is this very package's, and no file of the
        # folder the app was started in is taken for a module (-P).
        path = os.pathsep.join(filter(None, (_PACKAGES, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        self._owner, self._holds, self._listens = os.getpid(), "", False

    def _exchange(self, question: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a question, with the file unless the process has it already, and take the answer."""
        content = b"" if self._holds == question["sha256"] else data
        encoded = json.dumps({**question, "size": len(content)}).encode()
        answer, found = self._take(seconds, (len(encoded).to_bytes(4, "big"), encoded, content))
        self._holds = answer.pop("held")
        return answer, found

    def _take(self, seconds: float, message: tuple[bytes, ...] = ()) -> tuple[dict[str, Any], bytes]:
        """Send a message and take the answer, stopping the process when it takes longer."""
        process, stopped = self._process, threading.Event()
        if process is None or process.stdin is None or process.stdout is None:
            raise _Gone(False)
        timer = threading.Timer(seconds, _stop, (process, stopped))
        timer.start()
        try:
            for part in message:
                process.stdin.write(part)
            process.stdin.flush()
            answer = json.loads(process.stdout.read(int.from_bytes(process.stdout.read(4), "big")))
            size = answer.pop("size")
            found = process.stdout.read(size)
        except (OSError, ValueError) as error:  # a broken pipe, or half an answer
            raise _Gone(stopped.is_set()) from error
        finally:
            timer.cancel()
        if stopped.is_set() or len(found) != size:
            raise _Gone(stopped.is_set())
        return answer, found


def _stop(process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    stopped.set()
    process.kill()


FENCE: Final = Fence()
atexit.register(FENCE.close)
