"""Addresses that name no page of the dashboard get status 404."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from braintumor.api.middleware.unknown_pages import UnknownPages


def _answer(request: Request) -> Response:
    """Answer every path with a page, as Streamlit does, and its health check with text."""
    return (
        PlainTextResponse("ok") if request.url.path == "/_stcore/health" else HTMLResponse("<title>Streamlit</title>")
    )


@pytest.fixture
def client() -> TestClient:
    return TestClient(UnknownPages(Starlette(routes=[Route("/{path:path}", _answer)]), {"", "performance"}))


@pytest.mark.parametrize("path", ["/", "/performance", "/performance/", "/performance?part=Curves", "/_stcore/health"])
def test_pages_and_files_are_answered_as_before(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 200


def test_unknown_name_gets_the_dashboard_with_status_404(client: TestClient) -> None:
    answer = client.get("/perfomance")
    assert (answer.status_code, answer.text) == (404, "<title>Streamlit</title>")


def test_deeper_unknown_address_gets_a_page_with_a_way_back(client: TestClient) -> None:
    answer = client.get("/a/performance")
    assert answer.status_code == 404
    assert '<a href="/">' in answer.text
    assert "Streamlit" not in answer.text
