"""The checkout has the shape its readers expect, and carries nothing of the machine it was written on."""

import ast
import os
import re
from pathlib import Path

import pytest

NAMED = [
    *("app.py", "app_pages", "src/braintumor", "jupyter_notebooks", "inputs", "outputs", "Procfile", "setup.sh"),
    *("runtime.txt", "Pipfile", "Pipfile.lock", ".slugignore", "requirements.txt", "README.md", "pyproject.toml"),
    *("uv.lock", "Makefile", "recipes", "tests", "benchmarks", "docs", "docs/decisions", "CHANGELOG.md"),
    *("CONTRIBUTING.md", "LICENSE", ".streamlit/config.toml", ".ci/run"),
]
LARGEST = 50 * 2**20
# A path from the root of some machine into a person's or a workplace's folder.
MACHINE_PATH = re.compile(rb"(?<![\w.*/>~{}-])/(?:home|Users|root|work)/\w|[A-Z]:\\+Users\\+\w")


@pytest.mark.parametrize("name", NAMED)
def test_what_the_mission_names_is_there(committed: list[Path], name: str) -> None:
    assert any(path == Path(name) or Path(name) in path.parents for path in committed)


@pytest.mark.parametrize("name", [".ci/run", "setup.sh"])
def test_scripts_can_be_run(root: Path, name: str) -> None:
    assert os.access(root / name, os.X_OK)
    assert (root / name).read_bytes().startswith(b"#!")


def test_no_committed_file_is_larger_than_50_mb(root: Path, committed: list[Path]) -> None:
    assert [str(p) for p in committed if (root / p).stat().st_size > LARGEST] == []


def test_no_committed_file_names_a_folder_of_one_machine(root: Path, committed: list[Path]) -> None:
    found = {str(p): match.group() for p in committed if (match := MACHINE_PATH.search((root / p).read_bytes()))}
    assert found == {}


@pytest.mark.parametrize("folder", ["home", "Users", "root", "work"])
def test_a_machine_path_is_recognised(folder: str) -> None:
    assert MACHINE_PATH.search(f'open("/{folder}/ada/scans")'.encode())


@pytest.mark.parametrize("text", ["/outputs/*/work/", "https://example.com/home/x", "outputs/v1/work/x", "/app/src"])
def test_other_paths_are_not_taken_for_one(text: str) -> None:
    assert MACHINE_PATH.search(text.encode()) is None


def test_every_python_file_first_says_what_it_is_for(root: Path, committed: list[Path]) -> None:
    silent = []
    for path in committed:
        if path.suffix != ".py":
            continue
        text = (root / path).read_text(encoding="utf-8")
        if not ast.get_docstring(ast.parse(text)) or not text.startswith(('"""', 'r"""')):
            silent.append(str(path))
    assert silent == []
