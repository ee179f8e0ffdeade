"""The setup finds a Python, does nothing twice, keeps what is wider, and starts over after an interruption."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import interpreter, setup_env


class Machine:
    """Stands for the commands the setup runs: records them, and fails those it is told to."""

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


def test_a_bare_clone_gets_an_environment_and_the_locked_set(machine: Machine) -> None:
    assert setup_env.main(["serve"]) == 0
    assert machine.did("uv venv")
    assert machine.did("uv sync --frozen --python .venv/bin/python")
    assert not machine.did("--extra dev")
    assert json.loads(setup_env.STAMP.read_text())["set"] == "serve"


def test_nothing_runs_when_nothing_changed(machine: Machine) -> None:
    setup_env.prepare("dev")
    machine.commands.clear()
    setup_env.prepare("dev")
    assert machine.commands == []


def test_the_wider_set_also_serves(machine: Machine) -> None:
    setup_env.prepare("dev")
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.commands == []
    (machine.root / "uv.lock").write_text("changed")
    setup_env.prepare("serve")
    assert machine.did("--extra dev")


def test_a_changed_lock_installs_into_the_same_environment(machine: Machine) -> None:
    setup_env.prepare("serve")
    machine.commands.clear()
    (machine.root / "uv.lock").write_text("changed")
    setup_env.prepare("serve")
    assert machine.did("uv sync")
    assert not machine.did("uv venv")


def test_an_interrupted_installation_starts_over(machine: Machine) -> None:
    machine.failing = {"sync", "pip"}
    assert setup_env.main(["serve"]) == 1
    assert setup_env.UNFINISHED.exists()
    machine.failing = set()
    machine.commands.clear()
    assert setup_env.main(["serve"]) == 0
    assert machine.did("uv venv")
    assert not setup_env.UNFINISHED.exists()


def test_a_moved_checkout_gets_a_new_environment(machine: Machine) -> None:
    setup_env.prepare("serve")
    setup_env.STAMP.write_text(json.dumps({**json.loads(setup_env.STAMP.read_text()), "root": "elsewhere"}))
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.did("uv venv")


def test_a_broken_environment_is_replaced(machine: Machine) -> None:
    setup_env.prepare("serve")
    setup_env.PYTHON.unlink()
    machine.commands.clear()
    setup_env.prepare("serve")
    assert machine.did("uv venv")


def test_without_uv_it_is_put_into_the_environment_as_locked(machine: Machine) -> None:
    machine.uv_on_path = False
    setup_env.prepare("dev")
    assert machine.did("-m venv .venv")
    assert machine.did("-m pip install --quiet --disable-pip-version-check --require-hashes")
    assert machine.did(".venv/bin/uv sync")
    assert setup_env._pinned("uv") == "uv==2 \\\n    --hash=sha256:ab\n"


@pytest.mark.parametrize("failing", [{"uv sync"}, {"uv.txt"}])
def test_where_uv_fails_pip_installs_with_hashes(machine: Machine, failing: set[str]) -> None:
    machine.uv_on_path = False
    machine.failing = failing
    setup_env.prepare("dev")
    assert machine.did("--require-hashes -r requirements-dev.txt")
    assert machine.did("--no-deps --editable .")


def test_a_wrong_word_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert setup_env.main(["everything"]) == 2
    assert "serve|dev" in capsys.readouterr().err


def _python(folder: Path, name: str, version: str, whole: bool = True) -> Path:
    """A command that answers the probe as some Python would."""
    answer = json.dumps({"path": f"{folder}/{name}", "version": [int(n) for n in version.split(".")], "whole": whole})
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole search path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_an_older_python3_gives_way_to_a_fitting_one(only: Path) -> None:
    _python(only, "python3", "3.10.2")
    fitting = _python(only, "python3.12", "3.12.4")
    assert interpreter.choose().path == str(fitting)


def test_a_command_that_does_not_start_is_passed_over(only: Path) -> None:
    (only / "python3").write_text("#!/bin/sh\nexit 127\n")
    (only / "python3").chmod(0o755)
    fitting = _python(only, "python3.11", "3.11.0")
    assert interpreter.choose().path == str(fitting)


def test_where_none_fits_the_message_names_what_is_there_and_what_to_install(only: Path) -> None:
    _python(only, "python3", "3.14.0")
    with pytest.raises(interpreter.SetupError, match=r"3\.11 to 3\.13 is needed.*3\.14\.0.*apt install python3"):
        interpreter.choose()


def test_a_requested_python_that_is_absent_is_named(only: Path) -> None:
    _python(only, "python3", "3.12.0")
    with pytest.raises(interpreter.SetupError, match="PYTHON=python9 names: none"):
        interpreter.choose("python9")


def test_a_missing_venv_module_is_named_with_its_package(only: Path) -> None:
    _python(only, "python3", "3.11.2", whole=False)
    with pytest.raises(interpreter.SetupError, match=r"sudo apt install python3\.11-venv"):
        interpreter.choose()
    assert interpreter.choose(need_pip=False).version == (3, 11, 2)


def test_make_lists_what_can_be_done(root: Path) -> None:
    listed = subprocess.run(["make", "help"], cwd=root, check=True, capture_output=True, text=True).stdout
    targets = {line.split()[1] for line in listed.splitlines()}
    assert targets >= {"run", "setup", "test", "lint", "format", "train", "reproduce", "lock", "bench", "clean"}
