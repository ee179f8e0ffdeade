"""The log of the server is JSON, whoever writes it, and holds no values of files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import logging, warnings
import server
from streamlit.error_util import handle_uncaught_app_exception
from streamlit.logger import get_logger

try:
    raise ValueError("Jane Doe")
except ValueError as error:
    handle_uncaught_app_exception(error)
get_logger("streamlit.later").warning("of a later logger")
warnings.warn("Jane Doe is no date")
logging.getLogger("uvicorn.error").error("of uvicorn")
"""


@pytest.mark.slow
def test_every_line_is_json_without_values(root: Path) -> None:
    command = [sys.executable, "-c", _SCRIPT]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=600)
    entries = [json.loads(line) for line in run.stderr.splitlines()]
    texts = [entry["message"] for entry in entries]
    assert {"of a later logger", "of uvicorn", "warning"} <= set(texts)
    uncaught = next(entry for entry in entries if entry["logger"] == "streamlit.error_util")
    assert (uncaught["exception"], uncaught["at"]) == ("ValueError", "<string>:8")
    assert "Jane" not in run.stdout + run.stderr
