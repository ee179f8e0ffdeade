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
from braintumor.imaging.dicom.metadata import PROBLEM_MESSAGES, DicomMetadata
from braintumor.settings import Settings

_WORKER_MODULE: Final = "braintumor.imaging.dicom.sandbox_worker"
_PACKAGE_ROOT: Final = str(Path(__file__).resolve().parents[3])
# For the process to load its libraries, on a busy machine.
_START_SECONDS: Final = 60.0
# Keys of series are the same within this process, and tell nothing outside it.
_SERIES_KEY_SALT: Final = secrets.token_bytes(16)


class WorkerDied(Exception):  # noqa: N818 - how an exchange ends, seen in this file alone
    """The process ended before it answered, of itself or stopped for taking too long."""

    def __init__(self, was_stopped: bool) -> None:
        super().__init__()
        self.was_stopped = was_stopped


class DicomSandbox:
    """One reading process, started when it is needed and again after it ended. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0
        self._loaded_sha256 = ""
        self._is_ready = False

    def read_metadata(self, data: bytes, sha256: str, name: str, settings: Settings) -> DicomMetadata:
        """What may be known of a file.

        Raises
        ------
        ScanError
            It is damaged, or holds no image.
        """
        question = {"sha256": sha256, "salt": _SERIES_KEY_SALT.hex(), "max_frames": settings.max_frames}
        return DicomMetadata.from_dict(self._request(question, data, name, settings)[0])

    def read_pixels(self, data: bytes, sha256: str, index: int, name: str, settings: Settings) -> NDArray[Any]:
        """Stored numbers of a frame, shape (rows, columns): uint8 or float32.

        Raises
        ------
        ScanError
            They cannot be decoded.
        """
        answer, content = self._request({"sha256": sha256, "frame": index}, data, name, settings)
        return np.frombuffer(content, np.dtype(answer["dtype"])).reshape(answer["shape"])

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process, self._loaded_sha256 = self._process, None, ""
        if process is not None and self._owner_pid == os.getpid():
            process.kill()
            process.communicate()

    def _request(
        self, request: dict[str, Any], data: bytes, name: str, settings: Settings
    ) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            try:
                answer, content = self._request_with_retry(request, data, settings.decode_seconds)
            except WorkerDied as gone:
                raise ScanError(f"{name}: {PROBLEM_MESSAGES['slow' if gone.was_stopped else 'crashed']}") from None
        if problem := answer.pop("problem", None):
            raise ScanError(f"{name}: {PROBLEM_MESSAGES[problem]}")
        return answer, content

    def _request_with_retry(self, request: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Ask; once more where a process that had been idle turned out to have ended."""
        while True:
            is_fresh = self._ensure_started()
            try:
                return self._round_trip(request, data, seconds)
            except WorkerDied as gone:
                self.close()
                self._spawn()  # it loads its libraries while the app goes on
                if is_fresh or gone.was_stopped:
                    raise

    def _ensure_started(self) -> bool:
        """Make sure there is a process that listens; whether it is new."""
        if self._process is None or self._owner_pid != os.getpid() or self._process.poll() is not None:
            self.close()
            self._spawn()
        if self._is_ready:
            return False
        self._send_and_receive(_START_SECONDS)
        self._is_ready = True
        return True

    def _spawn(self) -> None:
        # One thread each: more only take memory that is counted. The code is this very package's, and no file of the
        # folder the app was started in is taken for a module (-P).
        path = os.pathsep.join(filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER_MODULE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        self._owner_pid, self._loaded_sha256, self._is_ready = os.getpid(), "", False

    def _round_trip(self, request: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a question, with the file unless the process has it already, and take the answer."""
        content = b"" if self._loaded_sha256 == request["sha256"] else data
        encoded = json.dumps({**request, "size": len(content)}).encode()
        answer, found = self._send_and_receive(seconds, (len(encoded).to_bytes(4, "big"), encoded, content))
        self._loaded_sha256 = answer.pop("held")
        return answer, found

    def _send_and_receive(self, seconds: float, message: tuple[bytes, ...] = ()) -> tuple[dict[str, Any], bytes]:
        """Send a message and take the answer, stopping the process when it takes longer."""
        process, stopped = self._process, threading.Event()
        if process is None or process.stdin is None or process.stdout is None:
            raise WorkerDied(False)
        timer = threading.Timer(seconds, _kill_process, (process, stopped))
        timer.start()
        try:
            for part in message:
                process.stdin.write(part)
            process.stdin.flush()
            answer = json.loads(process.stdout.read(int.from_bytes(process.stdout.read(4), "big")))
            size = answer.pop("size")
            found = process.stdout.read(size)
        except (OSError, ValueError) as error:  # a broken pipe, or half an answer
            raise WorkerDied(stopped.is_set()) from error
        finally:
            timer.cancel()
        if stopped.is_set() or len(found) != size:
            raise WorkerDied(stopped.is_set())
        return answer, found


def _kill_process(process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    stopped.set()
    process.kill()


SANDBOX: Final = DicomSandbox()
atexit.register(SANDBOX.close)
