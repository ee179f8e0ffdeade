"""Prepares .venv: `python3 -m scripts.setup_env serve|dev`. Standard library only; any Python from 3.7 can start it.

`serve` is what the dashboard and `braintumor predict` need; `dev` adds training and the test tools, and serves too.
What is installed is recorded in `.venv/.installed.json`, so nothing is done twice. An installation that was
interrupted leaves `.venv/.unfinished` and starts over: uv and pip cache their downloads, so little is lost.
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
SETS = ("serve", "dev")  # each holds the one before it
REQUIREMENTS = {"serve": "requirements.txt", "dev": "requirements-dev.txt"}
# An environment of the caller must not steer ours.
FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET")


def main(arguments: Sequence[str]) -> int:
    """Make `.venv` hold the named set; 0 when it does, 1 when it cannot, 2 on wrong usage."""
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


def prepare(wanted: str) -> None:
    """Install the wanted set, or the wider one that is already there, unless it is up to date."""
    stamp = _read_stamp()
    held = stamp.get("set")
    target = held if held in SETS and SETS.index(held) > SETS.index(wanted) else wanted
    if stamp == _facts(target) and PYTHON.exists() and not UNFINISHED.exists():
        return
    started = time.monotonic()
    if UNFINISHED.exists() or stamp.get("root", str(ROOT)) != str(ROOT) or not _usable():
        create()
    UNFINISHED.touch()
    install(target)
    STAMP.write_text(json.dumps(_facts(target), indent=1), encoding="utf-8")
    UNFINISHED.unlink()
    _say(f".venv is ready ({target}), after {time.monotonic() - started:.0f} s.")


def create() -> None:
    """Make an empty `.venv`, replacing what is there."""
    uv = _uv_on_path()
    requested = os.environ.get("PYTHON", "")
    try:
        base: Interpreter | None = choose(requested, need_pip=uv is None)
    except SetupError:
        if uv is None or requested:
            raise
        base = None  # uv can fetch one
    _say(f"making .venv with {base or f'a Python {RANGE} that uv finds or fetches'}")
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
    """Install a set as locked: with uv where it can be had, else with pip from the exported requirements."""
    uv = _uv()
    _say(f"installing the locked packages ({target}) with {'uv' if uv else 'pip'}; the first time takes minutes")
    if uv is not None:
        extra = ["--extra", "dev"] if target == "dev" else []
        if _run([uv, "sync", "--frozen", "--python", str(PYTHON), *extra], check=False):
            return
        _say("uv could not install them; trying pip")
    if not _run([str(PYTHON), "-m", "pip", "--version"], check=False, quiet=True):
        _run([str(PYTHON), "-m", "ensurepip"])
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", REQUIREMENTS[target]])
    _run([*pip, "--no-deps", "--editable", "."])


def _uv_on_path() -> str | None:
    uv = shutil.which("uv")
    return uv if uv and _run([uv, "--version"], check=False, quiet=True) else None


def _uv() -> str | None:
    """The uv in `.venv`, on the path, or put into `.venv` now; None where it cannot be had."""
    own = VENV / "bin" / "uv"
    if own.exists() and _run([str(own), "--version"], check=False, quiet=True):
        return str(own)
    found = _uv_on_path()
    if found is not None:
        return found
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "uv.txt"
        pinned.write_text(_pinned("uv"), encoding="utf-8")
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        return str(own) if _run([*pip, "--require-hashes", "-r", str(pinned)], check=False, quiet=True) else None


def _pinned(name: str) -> str:
    """The locked requirement of one package, with its hashes."""
    lines = (ROOT / REQUIREMENTS["dev"]).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    return "\n".join(lines[start:end]) + "\n"


def _usable() -> bool:
    """Whether `.venv` has a Python that starts and fits."""
    own = probe(str(PYTHON))
    return own is not None and own.fits


def _facts(target: str) -> dict[str, str]:
    """What an up-to-date installation of a set was made from."""
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
    """Two setups at once wait for each other."""
    try:
        import fcntl
    except ImportError:
        raise SetupError("this runs on Linux, macOS and WSL; on Windows, use WSL (https://aka.ms/wsl).") from None
    with Path(__file__).open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str], check: bool = True, quiet: bool = False) -> bool:
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    environment.setdefault("UV_SYSTEM_CERTS", "1")  # trust whom the machine trusts, a company proxy say
    output = subprocess.DEVNULL if quiet else None
    try:
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False).returncode
    except OSError as error:
        raise SetupError(f"{command[0]} does not start ({error.strerror}).") from error
    if check and code != 0:
        raise SetupError(f"this failed, see above: {' '.join(command)}. Check the network and run the same again.")
    return code == 0


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
