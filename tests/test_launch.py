"""Launching the dashboard: the right command, and a clear word when it cannot be."""

import os
import sys

import pytest

from braintumor import launch
from braintumor.errors import BrainTumorError


@pytest.fixture(autouse=True)
def _no_port(monkeypatch):
    monkeypatch.delenv("PORT", raising=False)


def test_the_dashboard_of_this_checkout_is_served_by_this_python(root, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda path, command: started.append((path, command)))
    launch.launch(8765)
    ((path, command),) = started
    assert path == command[0] == sys.executable
    assert command[1:5] == ["-m", "streamlit", "run", str(root / "app.py")]
    assert command[command.index("--server.port") + 1] == "8765"


@pytest.mark.parametrize(("variable", "port"), [(None, "8501"), ("", "8501"), ("9000", "9000")])
def test_the_port_is_that_of_the_environment_unless_given(tmp_path, monkeypatch, variable, port):
    (tmp_path / "app.py").touch()
    if variable is not None:
        monkeypatch.setenv("PORT", variable)
    command = launch.command_line(None, tmp_path)
    assert command[command.index("--server.port") + 1] == port


@pytest.mark.parametrize("variable", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(tmp_path, monkeypatch, variable):
    (tmp_path / "app.py").touch()
    monkeypatch.setenv("PORT", variable)
    with pytest.raises(BrainTumorError, match=f"{variable} is no port"):
        launch.command_line(None, tmp_path)


def test_a_folder_without_a_dashboard_is_refused(tmp_path):
    with pytest.raises(BrainTumorError, match="the dashboard is not there"):
        launch.command_line(8501, tmp_path)


def test_a_missing_streamlit_is_named(tmp_path, monkeypatch):
    (tmp_path / "app.py").touch()
    monkeypatch.setattr(launch, "find_spec", lambda name: None)
    with pytest.raises(BrainTumorError, match="Streamlit is not installed"):
        launch.command_line(8501, tmp_path)
