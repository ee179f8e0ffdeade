"""The frame: a command on a page can be pasted as it stands."""

import shutil
import sys
from pathlib import Path

import pytest

from app_pages.components.shared import page


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program beside the Python that serves, not on the search path."""
    made = tmp_path / ".venv" / "bin" / "braintumor"
    made.parent.mkdir(parents=True)
    made.touch()
    monkeypatch.setattr(sys, "executable", str(made.parent / "python"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return made


def test_a_program_off_the_search_path_is_given_with_its_place(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert page.shell_command("braintumor data fetch") == ".venv/bin/braintumor data fetch"


def test_elsewhere_the_whole_path_is_given(program: Path) -> None:
    assert page.shell_command("braintumor explore") == f"{program} explore"


def test_a_program_on_the_search_path_needs_no_place(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert page.shell_command("braintumor data audit") == "braintumor data audit"


def test_without_a_program_the_plain_command_stands(program: Path) -> None:
    program.unlink()
    assert page.shell_command("braintumor train v1") == "braintumor train v1"
