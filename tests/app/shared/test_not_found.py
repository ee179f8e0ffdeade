"""An address that names no page gets a page of our own, hidden from the navigation."""

from types import SimpleNamespace
from typing import Any

import pytest

from app_pages.components.shared import page as layout

PAGES: list[Any] = [SimpleNamespace(url_path=path) for path in ("", "performance", "session_log")]


@pytest.mark.parametrize("path", ["", "performance", "performance?part=Curves", "session_log/"])
def test_known_address_adds_no_page(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_address", lambda: f"http://localhost:8501/{path}")
    assert layout.unknown_page(PAGES) == []


@pytest.mark.parametrize("path", ["perfomance", "administration?user=1"])
def test_unknown_address_gets_a_hidden_page(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_address", lambda: f"http://localhost:8501/{path}")
    monkeypatch.setattr(layout.st, "Page", lambda function, **options: options)  # needs a running script
    name = path.partition("?")[0]
    assert layout.unknown_page(PAGES) == [{"title": "Page not found", "url_path": name, "visibility": "hidden"}]


def test_no_address_adds_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_address", lambda: "")
    assert layout.unknown_page(PAGES) == []
