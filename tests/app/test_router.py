"""Every page opens, with and without outputs, and shows the research-use notice."""

import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from braintumor.enums import RESEARCH_USE
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.charts import charts_without_downloads

PAGES = (
    "summary", "visualizer", "detection", "history", "dashboard", "practice", "session_log", "hypotheses",
    "performance",
)  # fmt: skip
# None of them has a figure before a scan was read.
WITHOUT_FIGURES = ("detection", "history", "dashboard", "session_log")

# Pages of stored records, which `app.py` lists only in a browser on the same computer or with accounts.
RECORD_PAGES = ("history", "dashboard")
_IMPORTS = """
import importlib, pkgutil, sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=900).run()
assert not app.exception
for page in {pages!r}:
    app.switch_page(f"app_pages/{{page}}.py").run()
    assert not app.exception, page
for page in {record_pages!r}:
    package = importlib.import_module(f"app_pages.components.{{page}}")
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
heavy = {{"tensorflow", "keras", "sklearn", "matplotlib", "imagehash", "kagglehub", "tf2onnx"}}
print(",".join(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.parametrize("page", PAGES)
def test_page_renders_with_outputs(page: str, artifacts: Settings, open_page: Open) -> None:
    app = open_page(page)
    assert not app.exception
    assert len(app.title) == 1


@pytest.mark.parametrize("page", PAGES)
def test_page_renders_without_outputs(page: str, empty: Settings, open_page: Open) -> None:
    app = open_page(page)
    assert not app.exception
    assert len(app.title) == 1
    assert page in ("history", "dashboard", "session_log") or "braintumor " in words(app)


@pytest.mark.parametrize("page", PAGES)
def test_notice_is_on_every_page(page: str, empty: Settings, open_page: Open) -> None:
    parser = _Text()
    for block in open_page(page).get("html"):
        parser.feed(block.proto.body)
    assert RESEARCH_USE in " ".join(parser.texts)


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_has_a_text_alternative_and_downloads(page: str, artifacts: Settings, open_page: Open) -> None:
    app = open_page(page)
    charts = [chart.proto.alt for chart in app.get("plotly_chart")]
    images = [image.alt for element in app.get("image") for image in element.proto.imgs]
    assert all(len(alt) > 10 for alt in charts + images)
    assert charts_without_downloads(app) == []
    if page not in WITHOUT_FIGURES:
        assert charts or images


def test_pages_import_no_training_package(artifacts: Settings, root: Path) -> None:
    listed = [page for page in PAGES if page not in RECORD_PAGES]
    process = subprocess.run(
        [sys.executable, "-c", _IMPORTS.format(pages=listed, record_pages=RECORD_PAGES)],
        cwd=root, capture_output=True, text=True, timeout=1800, check=True,
    )  # fmt: skip
    assert process.stdout.strip().splitlines()[-1:] in ([], [""])


def test_upload_limit_of_the_server_is_the_largest_of_the_settings(root: Path, empty: Settings) -> None:
    config = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    largest = max(empty.max_bytes, empty.max_volume_bytes, empty.max_archive_bytes)
    assert config["server"]["maxUploadSize"] * 2**20 == largest


def test_pages_collect_no_usage_statistics(root: Path) -> None:
    text = (root / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["browser"]["gatherUsageStats"] is False
    assert "http" not in text


class _Text(HTMLParser):
    """Collects the texts of HTML, without the space around tags."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())
