"""Fixtures for pages under AppTest, with a complete outputs folder built from phantoms, or an empty one."""

import functools
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass
from braintumor.settings import Settings, get_settings
from tests.helpers.artifacts import build_artifacts

Open = Callable[..., AppTest]
Upload = tuple[str, bytes, str]


@pytest.fixture(scope="session", autouse=True)
def _components_found_once() -> Iterator[None]:
    """Search the installed packages for Streamlit components once, not in every AppTest (0.2 s each)."""
    search = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store in a folder of the test, as a visitor on this computer; AppTest has no address."""
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("app_pages.components.shared.storage._read_address", lambda: None)
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Build a complete outputs folder; tests that change it use `artifacts`."""
    return build_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def artifacts(built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Copy the complete outputs folder for one test, and use it."""
    shutil.copytree(built.outputs, tmp_path / "outputs")
    return use(built.inputs, tmp_path / "outputs", monkeypatch)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Use empty folders: no data set and no model."""
    return use(tmp_path / "inputs", tmp_path / "outputs", monkeypatch)


def use(inputs: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make the pages use these folders."""
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(inputs))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(outputs))
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()
    return get_settings()


@pytest.fixture
def open_page(root: Path) -> Open:
    """Return a function that opens a page by name, optionally with query parameters."""

    def open_(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(root / "app.py"), default_timeout=900)
        app.switch_page(f"app_pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app

    return open_


@pytest.fixture(scope="session")
def scans() -> list[Upload]:
    """Return one phantom of each class, as uploads."""
    return [(f"{label}.png", _png(label), "image/png") for label in CLASSES]


def _png(label: TumorClass) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make_phantom(label, 4242 + CLASSES.index(label), 192).pixels).save(stream, "PNG")
    return stream.getvalue()


def words(app: AppTest) -> str:
    """Return all texts of a page."""
    lists = (app.title, app.header, app.markdown, app.caption, app.text, app.error, app.code)
    return "\n".join(str(element.value) for elements in lists for element in elements)
