"""Finds a Python that can run the project; if there is none, the error explains what to install."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass

OLDEST, NEWEST = (3, 11), (3, 13)
RANGE = ">=3.11,<3.14"
CANDIDATES = ("python3", "python3.13", "python3.12", "python3.11", "python")
# An activated environment's python stands for the one it was made from: the environment may be about to be replaced.
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
    """What stops the setup, and what to do about it."""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine; `whole` where it can make virtual environments with pip by itself."""

    path: str
    version: tuple[int, ...]
    whole: bool

    @property
    def fits(self) -> bool:
        return OLDEST <= self.version[:2] <= NEWEST

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


def probe(command: str) -> Interpreter | None:
    """The Python behind a command; None where there is none or it does not start."""
    if shutil.which(command) is None:
        return None
    try:
        run = subprocess.run([command, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True)
        found = json.loads(run.stdout)
        return Interpreter(found["path"], tuple(found["version"]), found["whole"])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def choose(requested: str = "", need_pip: bool = True) -> Interpreter:
    """The first fitting Python of this machine, or the requested one.

    Raises
    ------
    SetupError
        None fits, or the fitting ones lack the module that makes environments; says what to install.
    """
    found = []
    for command in (requested,) if requested else CANDIDATES:
        interpreter = probe(command)
        if interpreter is None:
            continue
        if interpreter.fits and (interpreter.whole or not need_pip):
            return interpreter
        found.append(interpreter)
    fitting = [interpreter for interpreter in found if interpreter.fits]
    raise SetupError(_no_venv(fitting[0]) if fitting else _none_fits(requested, found))


def _none_fits(requested: str, found: list[Interpreter]) -> str:
    wanted = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed"
    seen = ", ".join(sorted({str(i) for i in found})) or "none"
    where = f"PYTHON={requested} names" if requested else f"the commands {', '.join(CANDIDATES)} give"
    return (
        f"{wanted}, and {where}: {seen}. Install one (Debian and Ubuntu: sudo apt install python3 python3-venv; "
        "macOS: brew install python@3.13; anywhere: https://www.python.org/downloads), "
        "or name another with: make run PYTHON=/path/to/python3"
    )


def _no_venv(interpreter: Interpreter) -> str:
    short = ".".join(map(str, interpreter.version[:2]))
    return (
        f"{interpreter} cannot make a virtual environment: its venv or ensurepip module is missing. "
        f"Debian and Ubuntu bring them with: sudo apt install python{short}-venv "
        "(python3-venv for the system's own Python). Then run the same command again."
    )
