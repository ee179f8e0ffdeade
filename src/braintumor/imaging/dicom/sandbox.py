"""Client of the DICOM parsing process; a file that crashes or stalls the process becomes a `ScanError`."""

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
from braintumor.imaging.dicom.metadata import DicomMetadata, NoImageError, problem_message
from braintumor.settings import Settings

_WORKER_MODULE: Final = "braintumor.imaging.dicom.sandbox_worker"
_PACKAGE_ROOT: Final = str(Path(__file__).resolve().parents[3])
# Time limit for the process to load its libraries on a busy machine.
_START_SECONDS: Final = 60.0
# Makes series keys stable within this process and meaningless outside it.
_SERIES_KEY_SALT: Final = secrets.token_bytes(16)


class WorkerDied(Exception):  # noqa: N818 - internal to this module
    """The process ended before it answered, either by itself or because it was stopped after the time limit."""

    def __init__(self, was_stopped: bool) -> None:
        super().__init__()
        self.was_stopped = was_stopped


class DicomSandbox:
    """One parsing process, started on demand and restarted after it ends. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0
        self._loaded_sha256 = ""
        self._is_ready = False

    def read_metadata(self, data: bytes, sha256: str, name: str, settings: Settings) -> DicomMetadata:
        """Return the metadata of a file.

        Raises
        ------
        ScanError
            The file is damaged.
        NoImageError
            It contains no image.
        """
        request = {"sha256": sha256, "salt": _SERIES_KEY_SALT.hex(), "max_frames": settings.max_frames}
        return DicomMetadata.from_dict(self._request(request, data, name, settings)[0])

    def read_pixels(self, data: bytes, sha256: str, index: int, name: str, settings: Settings) -> NDArray[Any]:
        """Return the stored values of a frame, shape (rows, columns): uint8 or float32.

        Raises
        ------
        ScanError
            The frame cannot be decoded.
        """
        answer, content = self._request({"sha256": sha256, "frame": index}, data, name, settings)
        return np.frombuffer(content, np.dtype(answer["dtype"])).reshape(answer["shape"])

    def close(self) -> None:
        """Stop the process, if it is running."""
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
            except WorkerDied as death:
                problem = "timeout" if death.was_stopped else "crashed"
                raise ScanError(f"{name}: {problem_message(problem)}") from None
        if "problem" in answer:
            message = f"{name}: {problem_message(answer['problem'])}"
            raise NoImageError(message, answer["role"]) if answer.get("role") else ScanError(message)
        return answer, content

    def _request_with_retry(self, request: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a request; repeat it once if the process had ended while idle, or ran out of time on a busy machine."""
        is_repeated = False
        while True:
            is_fresh = self._ensure_started()
            try:
                return self._round_trip(request, data, seconds)
            except WorkerDied as death:
                self.close()
                self._spawn()  # libraries load in the background
                if is_repeated or (is_fresh and not death.was_stopped):
                    raise
                is_repeated = True

    def _ensure_started(self) -> bool:
        """Start the process if necessary, and wait until it is ready; return whether it is new."""
        if self._process is None or self._owner_pid != os.getpid() or self._process.poll() is not None:
            self.close()
            self._spawn()
        if self._is_ready:
            return False
        self._send_and_receive(_START_SECONDS)
        self._is_ready = True
        return True

    def _spawn(self) -> None:
        # One thread per library, because threads take memory that is limited. PYTHONPATH selects this very package, and
        # -P prevents modules from being imported from the working folder.
        path = os.pathsep.join(filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER_MODULE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        self._owner_pid, self._loaded_sha256, self._is_ready = os.getpid(), "", False

    def _round_trip(self, request: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a request, with the file unless the process has it already, and return the answer."""
        content = b"" if self._loaded_sha256 == request["sha256"] else data
        header = json.dumps({**request, "size": len(content)}).encode()
        answer, payload = self._send_and_receive(seconds, (len(header).to_bytes(4, "big"), header, content))
        self._loaded_sha256 = answer.pop("loaded_sha256")
        return answer, payload

    def _send_and_receive(self, seconds: float, message: tuple[bytes, ...] = ()) -> tuple[dict[str, Any], bytes]:
        """Send a message and return the answer; stop the process after the time limit."""
        process, stopped = self._process, threading.Event()
        if process is None or process.stdin is None or process.stdout is None:
            raise WorkerDied(False)
        timer = threading.Timer(seconds, _kill_process, (process, stopped))
        timer.start()
        try:
            for chunk in message:
                process.stdin.write(chunk)
            process.stdin.flush()
            answer = json.loads(process.stdout.read(int.from_bytes(process.stdout.read(4), "big")))
            size = answer.pop("size")
            payload = process.stdout.read(size)
        except (OSError, ValueError) as error:  # a broken pipe, or an incomplete answer
            raise WorkerDied(stopped.is_set()) from error
        finally:
            timer.cancel()
        if stopped.is_set() or len(payload) != size:
            raise WorkerDied(stopped.is_set())
        return answer, payload


def _kill_process(process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    stopped.set()
    process.kill()


SANDBOX: Final = DicomSandbox()
atexit.register(SANDBOX.close)
