"""The setup selects a Python, skips up-to-date work, keeps the larger set and recovers from interruptions."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import interpreter, setup_env


class Machine:
    """Fake command runner that records the commands of the setup and fails the selected ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[str] = []
        self.failing: set[str] = set()
        self.uv_on_path = True

    def run(self, command: Sequence[str], check: bool = True, quiet: bool = False) -> bool:
        line = " ".join(command).replace(f"{self.root}/", "")
        self.commands.append(line)
        if "venv" in command:
            python = self.root / ".venv" / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.symlink_to(sys.executable)
        failed = any(word in line for word in self.failing)
        if failed and check:
            raise interpreter.SetupError(line)
        return not failed

    def did(self, words: str) -> bool:
        return any(words in line for line in self.commands)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "STAMP": venv / ".installed.json",
        "UNFINISHED": venv / ".unfinished",
        "_run": machine.run,
        "_uv_on_path": lambda: "uv" if machine.uv_on_path else None,
        "choose": lambda *_, **__: interpreter.Interpreter(sys.executable, (3, 11, 0), whole=True),
    }.items():
        monkeypatch.setattr(setup_env, name, value)
    monkeypatch.delenv("PYTHON", raising=False)
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_text(name)
    hashed = "--hash=sha256:ab"
    (tmp_path / "requirements-dev.txt").write_text(
        f"a==1 \\\n    {hashed}\nuv==2 \\\n    {hashed}\nz==3 \\\n    {hashed}\n"
    )
    return machine


def test_new_clone_gets_an_environment_with_the_locked_packages(machine: Machine) -> None:
    assert setup_env.main(["serve"]) == 0
    assert machine.did("uv venv")
    assert machine.did("uv sync --frozen --compile-bytecode --python .venv/bin/python")
    assert not machine.did("--extra dev")
    assert json.loads(setup_env.STAMP.read_text())["set"] == "serve"


def test_no_command_runs_if_nothing_changed(machine: Machine) -> None:
    setup_env.prepare("dev")
    machine.commands.clear()
    setup_env.prepare("dev")
    assert machine.commands == []


def test_larger_installed_set_is_kept_and_updated(machine: Machine) -> None:
    setup_env.prepare("dev")
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.commands == []
    (machine.root / "uv.lock").write_text("changed")
    setup_env.prepare("serve")
    assert machine.did("--extra dev")


def test_changed_lock_is_installed_into_the_same_environment(machine: Machine) -> None:
    setup_env.prepare("serve")
    machine.commands.clear()
    (machine.root / "uv.lock").write_text("changed")
    setup_env.prepare("serve")
    assert machine.did("uv sync")
    assert not machine.did("uv venv")


def test_interrupted_installation_starts_over(machine: Machine) -> None:
    machine.failing = {"sync", "pip"}
    assert setup_env.main(["serve"]) == 1
    assert setup_env.UNFINISHED.exists()
    machine.failing = set()
    machine.commands.clear()
    assert setup_env.main(["serve"]) == 0
    assert machine.did("uv venv")
    assert not setup_env.UNFINISHED.exists()


def test_moved_checkout_gets_a_new_environment(machine: Machine) -> None:
    setup_env.prepare("serve")
    setup_env.STAMP.write_text(json.dumps({**json.loads(setup_env.STAMP.read_text()), "root": "elsewhere"}))
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.did("uv venv")


def test_broken_environment_is_replaced(machine: Machine) -> None:
    setup_env.prepare("serve")
    setup_env.PYTHON.unlink()
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.did("uv venv")


def test_missing_uv_is_installed_into_the_environment_as_locked(machine: Machine) -> None:
    machine.uv_on_path = False
    setup_env.prepare("dev")
    assert machine.did("-m venv .venv")
    assert machine.did("-m pip install --quiet --disable-pip-version-check --require-hashes")
    assert machine.did(".venv/bin/uv sync")
    assert setup_env._pinned("uv") == "uv==2 \\\n    --hash=sha256:ab\n"


@pytest.mark.parametrize("failing", [{"uv sync"}, {"uv.txt"}])
def test_pip_installs_with_hashes_if_uv_fails(machine: Machine, failing: set[str]) -> None:
    machine.uv_on_path = False
    machine.failing = failing
    setup_env.prepare("dev")
    assert machine.did("--require-hashes -r requirements-dev.txt")
    assert machine.did("--no-deps --editable .")


def test_unknown_set_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert setup_env.main(["everything"]) == 2
    assert "serve|dev" in capsys.readouterr().err


def _python(folder: Path, name: str, version: str, whole: bool = True) -> Path:
    """Write a fake Python command that responds to the probe."""
    answer = json.dumps({"path": f"{folder}/{name}", "version": [int(n) for n in version.split(".")], "whole": whole})
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only one on the search path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_supported_python_is_preferred_to_an_older_python3(only: Path) -> None:
    _python(only, "python3", "3.10.2")
    fitting = _python(only, "python3.12", "3.12.4")
    assert interpreter.choose().path == str(fitting)


def test_command_that_does_not_start_is_skipped(only: Path) -> None:
    (only / "python3").write_text("#!/bin/sh\nexit 127\n")
    (only / "python3").chmod(0o755)
    fitting = _python(only, "python3.11", "3.11.0")
    assert interpreter.choose().path == str(fitting)


def test_error_lists_unsupported_pythons_and_what_to_install(only: Path) -> None:
    _python(only, "python3", "3.14.0")
    with pytest.raises(interpreter.SetupError, match=r"3\.11 to 3\.13 is required.*3\.14\.0.*apt install python3"):
        interpreter.choose()


def test_error_names_a_missing_requested_python(only: Path) -> None:
    _python(only, "python3", "3.12.0")
    with pytest.raises(interpreter.SetupError, match="PYTHON=python9: none"):
        interpreter.choose("python9")


def test_error_names_the_package_of_a_missing_venv_module(only: Path) -> None:
    _python(only, "python3", "3.11.2", whole=False)
    with pytest.raises(interpreter.SetupError, match=r"sudo apt install python3\.11-venv"):
        interpreter.choose()
    assert interpreter.choose(need_pip=False).version == (3, 11, 2)


def test_make_help_lists_the_targets(root: Path) -> None:
    listed = subprocess.run(["make", "help"], cwd=root, check=True, capture_output=True, text=True).stdout
    targets = {line.split()[1] for line in listed.splitlines()}
    assert targets >= {"run", "setup", "test", "lint", "format", "train", "reproduce", "lock", "bench", "clean"}
