"""The Heroku slug and the container hold every file the dashboard needs and no others."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from braintumor.settings import Settings, get_settings

# Heroku's Python buildpack chooses the package manager by these files and rejects a tree with more than one.
MANAGERS = {"Pipfile", "Pipfile.lock", "poetry.lock", "requirements.txt", "setup.py", "uv.lock"}
SERVED = {
    "app.py",
    "pyproject.toml",
    "requirements.txt",
    "runtime.txt",
    "server.py",
    "setup.sh",
    "Procfile",
    ".streamlit/config.toml",
}
ADDRESS = "https://scans.example.org"


@pytest.fixture(scope="module")
def slug_files(root: Path, committed: list[Path]) -> set[Path]:
    """Files that remain after Heroku applies .slugignore (gitignore patterns without negation)."""
    command = ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--cached", "--others", "--ignored"]
    listed = subprocess.run(
        [*command, "--exclude-from=.slugignore"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    return set(committed) - {Path(name) for name in listed.split("\0") if name}


@pytest.fixture(scope="module")
def slug(root: Path, slug_files: set[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slug")
    for path in slug_files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, folder / path)
    return folder


def _environment(**variables: str) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("BRAINTUMOR_", "STREAMLIT_"))
    }
    inherited["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    return inherited | variables


def _run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = _environment(**variables)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_slug_has_exactly_one_package_manager(slug_files: set[Path]) -> None:
    assert {p.name for p in slug_files if len(p.parts) == 1} & MANAGERS == {"requirements.txt"}


def test_slug_contains_every_served_file(slug_files: set[Path]) -> None:
    version = get_settings().version
    required = SERVED | {f"outputs/{version}/{name}" for name in ("card.json", "evaluation.json", "model.onnx")}
    assert required <= {p.as_posix() for p in slug_files}
    assert any(p.parts[0] == "app_pages" for p in slug_files)


def test_slug_excludes_development_files_and_other_model_formats(slug_files: set[Path]) -> None:
    heads = {p.parts[0] for p in slug_files}
    assert not heads & {"tests", "deploy", "benchmarks", "scripts", "inputs", "jupyter_notebooks"}
    assert {p for p in slug_files if p.parts[0] == "docs"} == {Path("docs/glossary.md")}  # for tooltips
    assert not [p for p in slug_files if p.name in {"model.keras", "model.tflite", "model.int8.onnx"}]


def test_slug_leaves_room_for_the_packages(root: Path, slug_files: set[Path]) -> None:
    """Heroku's limit is 500 MB compressed. The packages take half of that, and models are hardly compressible."""
    assert sum((root / path).stat().st_size for path in slug_files) < 200e6


def test_slugignore_has_no_negated_pattern(root: Path) -> None:
    assert "\n!" not in (root / ".slugignore").read_text(encoding="utf-8")


def _check(slug: Path, **variables: str) -> str:
    """Run the checks of setup.sh as a host with these variables and return what it says."""
    run = _run(["sh", "setup.sh"], slug, **{"PORT": "1", "BRAINTUMOR_PUBLIC_URL": ADDRESS} | variables)
    assert run.returncode == (1 if run.stderr else 0)
    return run.stderr or run.stdout


def test_setup_names_what_is_missing(slug: Path) -> None:
    assert "PORT must be the number" in _check(slug, PORT="")
    assert "BRAINTUMOR_PUBLIC_URL must be the address" in _check(slug, BRAINTUMOR_PUBLIC_URL="")
    assert "outputs/v0/card.json is missing" in _check(slug, BRAINTUMOR_VERSION="v0")
    served = Settings.model_fields["version"].default
    assert f"ready to serve outputs/{served}" in _check(slug, BRAINTUMOR_VERSION="")


def test_setup_names_what_heroku_would_erase(slug: Path) -> None:
    variables = {"DYNO": "web.1"}
    for name, value, message in (
        ("DATABASE_URL", "postgres://user:password@host/name", "Add a database"),
        ("BRAINTUMOR_BLOBS", "s3://scans", "Store scans elsewhere"),
        ("BRAINTUMOR_AUDIT_KEY", "k" * 32, "Set the key of the audit log"),
    ):
        assert message in _check(slug, **variables)
        variables[name] = value
    assert "ready to serve" in _check(slug, **variables)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def served(slug: Path, tmp_path: Path) -> Iterator[str]:
    """Address of the slug, started with the Procfile command."""
    port = _free_port()
    url = f"http://localhost:{port}"
    variables = {"PORT": str(port), "BRAINTUMOR_PUBLIC_URL": url, "BRAINTUMOR_DATA": str(tmp_path / "data")}
    lines = (slug / "Procfile").read_text(encoding="utf-8").splitlines()
    command = next(line.removeprefix("web:").strip() for line in lines if line.startswith("web:"))
    with subprocess.Popen(
        ["sh", "-c", command], cwd=slug, env=_environment(**variables), start_new_session=True
    ) as web:
        try:
            yield url
        finally:
            os.killpg(web.pid, 15)


@pytest.mark.slow
def test_slug_starts_with_its_procfile_and_asks_for_a_login(served: str) -> None:
    deadline = time.monotonic() + 1800
    while True:
        try:
            with urllib.request.urlopen(f"{served}/livez", timeout=5) as answer:
                assert answer.status == 200
                break
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "the server does not respond"
            time.sleep(0.2)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(served)


def test_setup_runs_the_source_tree_on_the_database_of_the_host(slug: Path, tmp_path: Path) -> None:
    """Heroku installs only requirements.txt, and names its database in DATABASE_URL."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@ $PYTHONPATH $BRAINTUMOR_DATABASE $BRAINTUMOR_ACCOUNTS"\n', encoding="utf-8")
    python.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    run = _run(["sh", "setup.sh", "db", "upgrade"], slug, PATH=path, PYTHONPATH="", DATABASE_URL="postgres://host/name")
    assert run.stdout.split() == ["-m", "braintumor", "db", "upgrade", f"{slug}/src", "postgres://host/name", "on"]


def test_heroku_and_the_container_run_the_same_python(root: Path) -> None:
    version = re.fullmatch(r"python-(3\.1[1-3])\n", (root / "runtime.txt").read_text(encoding="utf-8"))
    image = re.search(r"^FROM python:([\d.]+)-slim$", (root / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert image
    assert version[1] == image[1]


def test_container_includes_every_file_setup_needs(root: Path) -> None:
    included = {
        line.removeprefix("!")
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert included >= {
        "app.py",
        "server.py",
        "app_pages",
        "src",
        "outputs",
        "requirements.txt",
        "setup.sh",
        ".streamlit",
        "pyproject.toml",
    }
    assert all((root / name).exists() for name in included)
