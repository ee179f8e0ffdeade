"""Prepare .venv: `python3 -m scripts.setup_env serve|dev`. Needs only the standard library of Python 3.7 or later.

`serve` installs what the dashboard and `braintumor predict` need; `dev` adds training and the test tools.
`.venv/.installed.json` records the installation, so an up-to-date one is not repeated. An interrupted installation
leaves `.venv/.unfinished`, and the next run starts over with the downloads cached by uv and pip.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.interpreter import RANGE, Interpreter, SetupError, choose, probe

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed.json"
UNFINISHED = VENV / ".unfinished"
SETS = ("serve", "dev")  # each includes the previous one
REQUIREMENTS = {"serve": "requirements.txt", "dev": "requirements-dev.txt"}
# Variables of the caller's Python environment that must not affect .venv.
FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET")


def main(arguments: Sequence[str]) -> int:
    """Install a package set into `.venv`; return 0 on success, 1 on failure, 2 on wrong usage."""
    if len(arguments) != 1 or arguments[0] not in SETS:
        print(f"usage: python3 -m scripts.setup_env {'|'.join(SETS)}", file=sys.stderr)
        return 2
    try:
        with _alone():
            prepare(arguments[0])
        return 0
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("setup: interrupted; run the same command again.", file=sys.stderr)
    return 1


def prepare(requested: str) -> None:
    """Install the requested set, or update the larger one that is already installed, unless it is up to date."""
    stamp = _read_stamp()
    installed = stamp.get("set")
    target = installed if installed in SETS and SETS.index(installed) > SETS.index(requested) else requested
    if stamp == _facts(target) and PYTHON.exists() and not UNFINISHED.exists():
        return
    started = time.monotonic()
    if UNFINISHED.exists() or stamp.get("root", str(ROOT)) != str(ROOT) or not _usable():
        create()
    UNFINISHED.touch()
    install(target)
    STAMP.write_text(json.dumps(_facts(target), indent=1), encoding="utf-8")
    UNFINISHED.unlink()
    _say(f".venv is ready ({target}) after {time.monotonic() - started:.0f} s.")


def create() -> None:
    """Create an empty `.venv`, replacing an existing one."""
    uv = _uv_on_path()
    requested = os.environ.get("PYTHON", "")
    try:
        base: Interpreter | None = choose(requested, need_pip=uv is None)
    except SetupError:
        if uv is None or requested:
            raise
        base = None  # uv can download one
    _say(f"creating .venv with {base or f'a Python {RANGE} that uv finds or downloads'}")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    UNFINISHED.touch()
    if uv is not None:
        _run([uv, "venv", "--quiet", "--allow-existing", "--python", base.path if base else RANGE, str(VENV)])
    elif base is not None:
        _run([base.path, "-m", "venv", str(VENV)])


def install(target: str) -> None:
    """Install the locked packages of a set with uv or, if uv is not available, with pip."""
    uv = _uv()
    _say(f"installing the locked packages ({target}) with {'uv' if uv else 'pip'}; the first time takes a few minutes")
    if uv is not None:
        extra = ["--extra", "dev"] if target == "dev" else []
        if _run([uv, "sync", "--frozen", "--compile-bytecode", "--python", str(PYTHON), *extra], check=False):
            return
        _say("uv failed; trying pip")
    if not _run([str(PYTHON), "-m", "pip", "--version"], check=False, quiet=True):
        _run([str(PYTHON), "-m", "ensurepip"])
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", REQUIREMENTS[target]])
    _run([*pip, "--no-deps", "--editable", "."])


def _uv_on_path() -> str | None:
    uv = shutil.which("uv")
    return uv if uv and _run([uv, "--version"], check=False, quiet=True) else None


def _uv() -> str | None:
    """Return uv from `.venv` or the search path, or install it into `.venv`; None if that fails."""
    own = VENV / "bin" / "uv"
    if own.exists() and _run([str(own), "--version"], check=False, quiet=True):
        return str(own)
    on_path = _uv_on_path()
    if on_path is not None:
        return on_path
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "uv.txt"
        pinned.write_text(_pinned("uv"), encoding="utf-8")
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        return str(own) if _run([*pip, "--require-hashes", "-r", str(pinned)], check=False, quiet=True) else None


def _pinned(name: str) -> str:
    """Return the locked requirement of one package, with its hashes."""
    lines = (ROOT / REQUIREMENTS["dev"]).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    return "\n".join(lines[start:end]) + "\n"


def _usable() -> bool:
    """Return whether `.venv` has a Python that starts and has a supported version."""
    own = probe(str(PYTHON))
    return own is not None and own.fits


def _facts(target: str) -> dict[str, str]:
    """Return the contents of the stamp of an up-to-date installation."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "uv.lock"):
        digest.update((ROOT / name).read_bytes())
    return {"set": target, "root": str(ROOT), "digest": digest.hexdigest()}


def _read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other setup is running, and hold the lock."""
    try:
        import fcntl
    except ImportError:
        raise SetupError("only Linux, macOS and WSL are supported. On Windows, use WSL (https://aka.ms/wsl).") from None
    with Path(__file__).open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str], check: bool = True, quiet: bool = False) -> bool:
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    environment.setdefault(
        "UV_SYSTEM_CERTS", "1"
    )  # trust the certificates of the machine, for example those of a company proxy
    output = subprocess.DEVNULL if quiet else None
    try:
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False).returncode
    except OSError as error:
        raise SetupError(f"Cannot start {command[0]} ({error.strerror}).") from error
    if check and code != 0:
        raise SetupError(f"this command failed (errors above): {' '.join(command)}. Check the network and try again.")
    return code == 0


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
