"""Shared fixtures of the repository tests."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def committed(root: Path) -> list[Path]:
    """Every file of the checkout that git does not ignore, relative to the root."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout, so the committed files are unknown")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (root / name).is_file()]
