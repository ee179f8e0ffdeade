"""Find a Python that can run the project; if there is none, the error explains what to install."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass

OLDEST, NEWEST = (3, 11), (3, 13)
RANGE = ">=3.11,<3.14"
CANDIDATES = ("python3", "python3.13", "python3.12", "python3.11", "python")
# In an activated virtual environment, use its base Python: the environment itself may be about to be replaced.
_PROBE = """
import json, sys
try:
    import ensurepip, venv
    whole = True
except ImportError:
    whole = False
path = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps({"path": path, "version": list(sys.version_info[:3]), "whole": whole}))
"""


class SetupError(Exception):
    """The setup cannot continue; the message says why and what to do."""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine; `whole` if it can create virtual environments with pip by itself."""

    path: str
    version: tuple[int, ...]
    whole: bool

    @property
    def fits(self) -> bool:
        return OLDEST <= self.version[:2] <= NEWEST

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


def probe(command: str) -> Interpreter | None:
    """Return the Python that a command starts, or None if the command is missing or fails."""
    if shutil.which(command) is None:
        return None
    try:
        run = subprocess.run([command, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True)
        facts = json.loads(run.stdout)
        return Interpreter(facts["path"], tuple(facts["version"]), facts["whole"])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def choose(requested: str = "", need_pip: bool = True) -> Interpreter:
    """Return the requested Python, or the first suitable one on this machine.

    Raises
    ------
    SetupError
        No Python is suitable, or the suitable ones lack the venv module. The message says what to install.
    """
    rejected = []
    for command in (requested,) if requested else CANDIDATES:
        interpreter = probe(command)
        if interpreter is None:
            continue
        if interpreter.fits and (interpreter.whole or not need_pip):
            return interpreter
        rejected.append(interpreter)
    fitting = [interpreter for interpreter in rejected if interpreter.fits]
    raise SetupError(_no_venv(fitting[0]) if fitting else _none_fits(requested, rejected))


def _none_fits(requested: str, rejected: list[Interpreter]) -> str:
    requirement = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is required"
    versions = ", ".join(sorted({str(i) for i in rejected})) or "none"
    source = f"PYTHON={requested}" if requested else ", ".join(CANDIDATES)
    return (
        f"{requirement}. Found with {source}: {versions}. "
        "Install one (Debian and Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13; "
        "all systems: https://www.python.org/downloads), "
        "or choose another one with: make run PYTHON=/path/to/python3"
    )


def _no_venv(interpreter: Interpreter) -> str:
    short = ".".join(map(str, interpreter.version[:2]))
    return (
        f"{interpreter} cannot create a virtual environment: its venv or ensurepip module is missing. "
        f"On Debian and Ubuntu, install it with: sudo apt install python{short}-venv "
        "(python3-venv for the system Python). Then run the same command again."
    )
