"""Resolves pyproject.toml into uv.lock and writes everything generated from it: `make lock` (`--upgrade` for newer)."""

import argparse
import subprocess
import sys
from pathlib import Path

from pipfile import HEADER, pipfile, pipfile_lock

ROOT = Path(__file__).resolve().parents[1]
EXPORT = ("--frozen", "--offline", "--no-dev", "--no-emit-project", "--no-annotate", "--no-header")


def main() -> int:
    """Write uv.lock and the generated files; 0 when done, uv's own exit code when it cannot resolve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest allowed version of every package")
    options = parser.parse_args()
    index = ["--default-index", "https://pypi.org/simple"]  # whatever mirror this machine is set to
    try:
        uv("lock", *index, *(["--upgrade"] if options.upgrade else []))
    except subprocess.CalledProcessError as error:
        return error.returncode
    for name, text in generated(ROOT).items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


def generated(root: Path) -> dict[str, str]:
    """Text of every file generated from a checkout's pyproject.toml and uv.lock, by name; needs no network."""
    serving = HEADER + uv("export", *EXPORT, cwd=root)
    everything = HEADER + uv("export", *EXPORT, "--all-extras", cwd=root)
    packages = pipfile((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "requirements.txt": serving,
        "requirements-dev.txt": everything,
        "Pipfile": packages,
        "Pipfile.lock": pipfile_lock(packages, serving, everything),
    }


def uv(*arguments: str, cwd: Path = ROOT) -> str:
    """Run the uv of this environment, whose version is locked too; returns what it printed."""
    command = [str(Path(sys.prefix) / "bin" / "uv"), *arguments]
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
