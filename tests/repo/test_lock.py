"""requirements, Pipfile and its lock are what `make lock` writes from pyproject.toml and uv.lock."""

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
def test_a_generated_file_is_up_to_date(root: Path, fresh: dict[str, str], name: str) -> None:
    assert (root / name).read_text(encoding="utf-8") == fresh[name], f"{name} is stale; run: make lock"


def _parts(requirement: str) -> tuple[str, frozenset[str], str]:
    found = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]+)\])?(.*)", requirement.replace(" ", ""))
    assert found, requirement
    return found[1], frozenset((found[2] or "").split(",")) - {""}, found[3]


def test_the_lock_was_made_from_the_dependencies_as_they_are(
    project: dict[str, Any], locked: list[dict[str, Any]]
) -> None:
    own = next(p for p in locked if p["name"] == project["name"])
    recorded = {
        (r["name"], frozenset(r.get("extras", [])), r.get("specifier", ""), r.get("marker", ""))
        for r in own["metadata"]["requires-dist"]
    }
    wanted = {(*_parts(r), "") for r in project["dependencies"]}
    for extra, requirements in project["optional-dependencies"].items():
        wanted |= {(*_parts(r), f"extra == '{extra}'") for r in requirements}
    assert recorded == wanted, "uv.lock is stale; run: make lock"


def test_the_lock_names_no_mirror(root: Path) -> None:
    text = (root / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', text)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "(https?://[^/"]+)', text)) == {"https://files.pythonhosted.org"}


def test_every_python_gets_the_same_versions(locked: list[dict[str, Any]]) -> None:
    names = [p["name"] for p in locked]
    assert len(names) == len(set(names))


def test_the_serving_set_has_no_training_library(fresh: dict[str, str]) -> None:
    serving, everything = (
        parse_requirements(fresh["requirements.txt"]),
        parse_requirements(fresh["requirements-dev.txt"]),
    )
    assert not {"tensorflow", "keras", "scikit-learn", "matplotlib", "onnx"} & serving.keys()
    assert {"tensorflow", "pytest", *serving} <= everything.keys()
    assert all(everything[name] == pin for name, pin in serving.items())
    assert all(pin["hashes"] for pin in everything.values())


def test_the_pipfile_lock_belongs_to_the_pipfile(root: Path) -> None:
    table = tomllib.loads((root / "Pipfile").read_text(encoding="utf-8"))
    lock = json.loads((root / "Pipfile.lock").read_text(encoding="utf-8"))
    assert lock["_meta"]["hash"] == {"sha256": pipfile_hash(table)}
    assert table["packages"].keys() <= lock["default"].keys()
    assert table["dev-packages"].keys() <= lock["develop"].keys()
    assert not lock["default"].keys() & lock["develop"].keys()


def test_the_pipfile_hash_is_the_one_pipenv_computes() -> None:
    # What plette 2.4, the library pipenv reads Pipfiles with, gives for this Pipfile.
    text = (
        '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\nverify_ssl = true\n[packages]\nnumpy = ">=2.1"\n'
    )
    assert pipfile_hash(tomllib.loads(text)) == "8cea15ca589ceccbd12399ec5ec290bb863795e1c4e9ba587f42aaf54956522d"


def test_a_requirement_keeps_its_marker_and_sorted_hashes() -> None:
    text = f"# said\na-b==1.2 ; sys_platform == 'win32' \\\n    --hash={HASH[:-1]}1 \\\n    --hash={HASH}\n"
    entry = {"version": "==1.2", "markers": "sys_platform == 'win32'", "hashes": [HASH, f"{HASH[:-1]}1"]}
    assert parse_requirements(text) == {"a-b": entry}


@pytest.mark.parametrize("line", ["-e .", "a>=1", f"a==1 \\\n    --hash={HASH}\na==2 \\\n    --hash={HASH}"])
def test_a_line_no_pipfile_lock_can_hold_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="cannot hold this line"):
        parse_requirements(line)


def test_a_requirement_with_a_marker_is_refused_by_the_pipfile() -> None:
    text = '[project]\nname = "x"\ndependencies = ["a>1; sys_platform == \'win32\'"]\n[project.optional-dependencies]\n'
    with pytest.raises(ValueError, match="not written for this form"):
        pipfile(text)


def test_own_extras_are_not_listed_as_packages() -> None:
    text = '[project]\nname = "x"\ndependencies = []\n[project.optional-dependencies]\nt = ["a>1"]\nd = ["x[t]", "b"]\n'
    written = pipfile(text)
    assert tomllib.loads(written)["dev-packages"] == {"a": ">1", "b": "*"}
    assert json.loads(pipfile_lock(written, "", ""))["default"] == {"x": {"path": ".", "editable": True}}
