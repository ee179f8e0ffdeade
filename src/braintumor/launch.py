"""Launch: become the process that serves the dashboard."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from braintumor.errors import BrainTumorError

_DEFAULT_PORT = 8501


def launch(port: int | None = None, root: Path | None = None) -> NoReturn:
    """Replace this process by Streamlit serving `app.py`, so that signals reach it directly.

    Parameters
    ----------
    port : int, optional
        The port to answer on; the environment's `PORT` by default, else 8501.
    root : Path, optional
        The checkout; the one this package runs from, or the working folder, by default.

    Raises
    ------
    BrainTumorError
        The port is none, or the dashboard or Streamlit is not there.
    """
    command = command_line(port, root or _root())
    os.execv(command[0], command)


def command_line(port: int | None, root: Path) -> list[str]:
    """The command that serves the dashboard of a checkout."""
    number = _checked(port if port is not None else os.environ.get("PORT") or _DEFAULT_PORT)
    app = root / "app.py"
    if not app.is_file():
        raise BrainTumorError(f"{app}: the dashboard is not there. Run this in a checkout of the project.")
    if find_spec("streamlit") is None:
        raise BrainTumorError("Streamlit is not installed. Install the project with: pip install braintumor")
    options = ["--server.port", str(number), "--server.showEmailPrompt", "false"]
    return [sys.executable, "-m", "streamlit", "run", str(app), *options]


def _checked(port: int | str) -> int:
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise BrainTumorError(f"{port} is no port. Give a number from 1 to 65535, such as {_DEFAULT_PORT}.")
    return number


def _root() -> Path:
    root = Path(__file__).resolve().parents[2]
    return root if (root / "app.py").is_file() else Path.cwd()
