"""The site builds without a complaint, and complains of what leads nowhere or is described by nobody."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FRONT = '"""A package. See `braintumor.rooms.known`."""\n\n__version__ = "1"\n'
ROOM = '"""A room."""\n\n\ndef known() -> int:\n    """One."""\n    return 1\n'
INDEX = "# Site\n\nTo the [other page](other.md).\n\n```{toctree}\nother\nreference/index\n```\n"


def _build(source: Path, target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Every page read and every name looked up, as `make docs` does, and no page written."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--builder", "dummy"]
    command += ["--conf-dir", str(source / "docs"), "--doctree-dir", str(target / "trees"), *options]
    return subprocess.run(
        [*command, str(source), str(target / "pages")], capture_output=True, text=True, check=False, timeout=550
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of two pages and two modules, under the settings of this one."""
    package = tmp_path / "project" / "src" / "braintumor"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FRONT, encoding="utf-8")
    (package / "rooms.py").write_text(ROOM, encoding="utf-8")
    docs = tmp_path / "project" / "docs"
    docs.mkdir()
    for name in ("conf.py", "reference_pages.py"):
        shutil.copy(ROOT / "docs" / name, docs)
    (docs / "index.md").write_text(INDEX, encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    return tmp_path / "project"


def test_a_sound_project_builds_in_silence(small: Path, tmp_path: Path) -> None:
    built = _build(small, tmp_path)
    assert built.returncode == 0, built.stderr


def test_every_fault_stops_it_and_is_named(small: Path, tmp_path: Path) -> None:
    with (small / "src" / "braintumor" / "rooms.py").open("a", encoding="utf-8") as room:
        room.write('\n\ndef silent() -> int:\n    return 2\n\n\ndef lost() -> int:\n    """See `braintumor.gone`."""\n')
    (small / "docs" / "other.md").write_text("# Other\n\n[Nowhere](gone.md) and [there](#nowhere).\n", encoding="utf-8")
    built = _build(small, tmp_path)
    assert built.returncode == 1
    assert "braintumor.rooms.silent has no docstring" in built.stderr
    assert "reference target not found: braintumor.gone" in built.stderr
    assert "gone.md" in built.stderr
    assert "'nowhere'" in built.stderr


def test_all_pages_and_the_reference_of_what_reads_scans_build_in_silence(tmp_path: Path) -> None:
    built = _build(ROOT, tmp_path, "--tag", "reading")
    assert built.returncode == 0, built.stderr
