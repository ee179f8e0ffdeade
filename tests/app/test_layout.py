"""Commands on pages can be pasted as they are."""

import shutil
import sys
from pathlib import Path

import pytest

from app_pages.components.shared import page


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a program next to the running Python, not on PATH."""
    path = tmp_path / ".venv" / "bin" / "braintumor"
    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(sys, "executable", str(path.parent / "python"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return path


def test_program_not_on_path_has_its_relative_path(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert page.shell_command("braintumor data fetch") == ".venv/bin/braintumor data fetch"


def test_program_outside_the_working_folder_has_its_absolute_path(program: Path) -> None:
    assert page.shell_command("braintumor explore") == f"{program} explore"


def test_program_on_path_has_no_path(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert page.shell_command("braintumor data audit") == "braintumor data audit"


def test_command_without_program_is_unchanged(program: Path) -> None:
    program.unlink()
    assert page.shell_command("braintumor train v1") == "braintumor train v1"
