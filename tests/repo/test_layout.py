"""The repository contains the required files, and no file contains paths of the machine it was written on."""

import ast
import os
import re
from pathlib import Path

import pytest

REQUIRED = [
    *("app.py", "app_pages", "src/braintumor", "jupyter_notebooks", "inputs", "outputs", "Procfile", "setup.sh"),
    *("runtime.txt", "Pipfile", "Pipfile.lock", ".slugignore", "requirements.txt", "README.md", "pyproject.toml"),
    *("uv.lock", "Makefile", "recipes", "tests", "benchmarks", "docs", "docs/decisions", "CHANGELOG.md"),
    *("CONTRIBUTING.md", "LICENSE", ".streamlit/config.toml", ".ci/run"),
]
LARGEST = 50 * 2**20
# An absolute path into a home or work folder of some machine.
MACHINE_PATH = re.compile(rb"(?<![\w.*/>~{}-])/(?:home|Users|root|work)/\w|[A-Z]:\\+Users\\+\w")


@pytest.mark.parametrize("name", REQUIRED)
def test_required_path_is_committed(committed: list[Path], name: str) -> None:
    assert any(path == Path(name) or Path(name) in path.parents for path in committed)


@pytest.mark.parametrize("name", [".ci/run", "setup.sh"])
def test_script_is_executable(root: Path, name: str) -> None:
    assert os.access(root / name, os.X_OK)
    assert (root / name).read_bytes().startswith(b"#!")


def test_no_committed_file_is_larger_than_50_mb(root: Path, committed: list[Path]) -> None:
    assert [str(p) for p in committed if (root / p).stat().st_size > LARGEST] == []


def test_no_committed_file_contains_a_machine_path(root: Path, committed: list[Path]) -> None:
    machine_paths = {str(p): match.group() for p in committed if (match := find_machine_path((root / p).read_bytes()))}
    assert machine_paths == {}


def find_machine_path(content: bytes) -> re.Match[bytes] | None:
    """Search for a path; a plain search first, since models have a hundred megabytes."""
    roots = (b"/home/", b"/Users/", b"/root/", b"/work/", b"\\Users\\")
    return MACHINE_PATH.search(content) if any(root in content for root in roots) else None


@pytest.mark.parametrize("folder", ["home", "Users", "root", "work"])
def test_machine_path_is_detected(folder: str) -> None:
    assert find_machine_path(f'open("/{folder}/ada/scans")'.encode())


@pytest.mark.parametrize("text", ["/outputs/*/work/", "https://example.com/home/x", "outputs/v1/work/x", "/app/src"])
def test_other_paths_are_not_detected_as_machine_paths(text: str) -> None:
    assert find_machine_path(text.encode()) is None


def test_every_python_file_starts_with_a_docstring(root: Path, committed: list[Path]) -> None:
    undocumented = []
    for path in committed:
        if path.suffix != ".py":
            continue
        text = (root / path).read_text(encoding="utf-8")
        if not ast.get_docstring(ast.parse(text)) or not text.startswith(('"""', 'r"""')):
            undocumented.append(str(path))
    assert undocumented == []
