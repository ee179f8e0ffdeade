"""The requirements files, Pipfile and Pipfile.lock match the output of `make lock`."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts.lock import generated, parse_requirements, pipfile, pipfile_hash, pipfile_lock

HASH = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def fresh(root: Path) -> dict[str, str]:
    return generated(root)


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def locked(root: Path) -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))["package"]
    return packages


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "Pipfile", "Pipfile.lock"])
def test_generated_file_is_up_to_date(root: Path, fresh: dict[str, str], name: str) -> None:
    assert (root / name).read_text(encoding="utf-8") == fresh[name], f"{name} is stale; run: make lock"


def _parts(requirement: str) -> tuple[str, frozenset[str], str]:
    match = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]+)\])?(.*)", requirement.replace(" ", ""))
    assert match, requirement
    return match[1], frozenset((match[2] or "").split(",")) - {""}, match[3]


def test_lock_matches_the_declared_dependencies(project: dict[str, Any], locked: list[dict[str, Any]]) -> None:
    own = next(p for p in locked if p["name"] == project["name"])
    recorded = {
        (r["name"], frozenset(r.get("extras", [])), r.get("specifier", ""), r.get("marker", ""))
        for r in own["metadata"]["requires-dist"]
    }
    declared = {(*_parts(r), "") for r in project["dependencies"]}
    for extra, requirements in project["optional-dependencies"].items():
        declared |= {(*_parts(r), f"extra == '{extra}'") for r in requirements}
    assert recorded == declared, "uv.lock is stale; run: make lock"


def test_lock_uses_only_pypi_urls(root: Path) -> None:
    text = (root / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', text)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "(https?://[^/"]+)', text)) == {"https://files.pythonhosted.org"}


def test_each_package_is_locked_to_one_version(locked: list[dict[str, Any]]) -> None:
    names = [p["name"] for p in locked]
    assert len(names) == len(set(names))


def test_serving_requirements_have_no_training_library(fresh: dict[str, str]) -> None:
    serving, everything = (
        parse_requirements(fresh["requirements.txt"]),
        parse_requirements(fresh["requirements-dev.txt"]),
    )
    assert not {"tensorflow", "keras", "scikit-learn", "matplotlib", "onnx"} & serving.keys()
    assert {"tensorflow", "pytest", *serving} <= everything.keys()
    # Development may need a package on more versions of Python, so the marker may differ.
    assert all(everything[name]["version"] == pin["version"] for name, pin in serving.items())
    assert all(pin["hashes"] for pin in everything.values())


def test_pipfile_lock_matches_the_pipfile(root: Path) -> None:
    table = tomllib.loads((root / "Pipfile").read_text(encoding="utf-8"))
    lock = json.loads((root / "Pipfile.lock").read_text(encoding="utf-8"))
    assert lock["_meta"]["hash"] == {"sha256": pipfile_hash(table)}
    assert table["packages"].keys() <= lock["default"].keys()
    assert table["dev-packages"].keys() <= lock["develop"].keys()
    both = lock["default"].keys() & lock["develop"].keys()
    assert all("markers" not in lock["develop"][name] for name in both)
    assert all("markers" in lock["default"][name] for name in both)


def test_pipfile_hash_equals_that_of_pipenv() -> None:
    # Computed with plette 2.4, the library pipenv uses to read Pipfiles.
    text = (
        '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\nverify_ssl = true\n[packages]\nnumpy = ">=2.1"\n'
    )
    assert pipfile_hash(tomllib.loads(text)) == "8cea15ca589ceccbd12399ec5ec290bb863795e1c4e9ba587f42aaf54956522d"


def test_parsed_requirement_has_its_marker_and_sorted_hashes() -> None:
    text = f"# comment\na-b==1.2 ; sys_platform == 'win32' \\\n    --hash={HASH[:-1]}1 \\\n    --hash={HASH}\n"
    entry = {"version": "==1.2", "markers": "sys_platform == 'win32'", "hashes": [HASH, f"{HASH[:-1]}1"]}
    assert parse_requirements(text) == {"a-b": entry}


@pytest.mark.parametrize("line", ["-e .", "a>=1", f"a==1 \\\n    --hash={HASH}\na==2 \\\n    --hash={HASH}"])
def test_unsupported_line_in_requirements_is_rejected(line: str) -> None:
    with pytest.raises(ValueError, match="Cannot write this requirements line"):
        parse_requirements(line)


def test_pipfile_rejects_a_requirement_with_a_marker() -> None:
    text = '[project]\nname = "x"\ndependencies = ["a>1; sys_platform == \'win32\'"]\n[project.optional-dependencies]\n'
    with pytest.raises(ValueError, match="Cannot write this requirement to the Pipfile"):
        pipfile(text)


def test_extras_of_the_project_are_not_listed_as_packages() -> None:
    text = '[project]\nname = "x"\ndependencies = []\n[project.optional-dependencies]\nt = ["a>1"]\nd = ["x[t]", "b"]\n'
    written = pipfile(text)
    assert tomllib.loads(written)["dev-packages"] == {"a": ">1", "b": "*"}
    assert json.loads(pipfile_lock(written, "", ""))["default"] == {"x": {"path": ".", "editable": True}}
