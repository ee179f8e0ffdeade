"""The web application: account pages, REST API and, mounted last, the dashboard."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from braintumor import __version__
from braintumor.api.account import router as account_router
from braintumor.api.account.pages import LoginRequiredError, render
from braintumor.api.body_limit import BodyLimit
from braintumor.api.gate import Gate
from braintumor.api.headers import SecurityHeaders
from braintumor.api.origins import HostCheck
from braintumor.api.request_log import RequestLog
from braintumor.api.state import ServerState
from braintumor.errors import BrainTumorError
from braintumor.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(settings: Settings, pages: ASGIApp | None = None, lifespan: Lifespan | None = None) -> FastAPI:
    """Build the web application.

    Parameters
    ----------
    settings : Settings
    pages : ASGI application, optional
        The dashboard, which gets every path that nothing else answers. Behind the gate while accounts are on.
    lifespan : callable, optional
        Starts and stops the dashboard with the application.
    """
    state = ServerState(settings)
    app = FastAPI(
        title="Brain Tumor Detector",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_combine(state, lifespan),
    )
    app.state.server = state
    if settings.accounts:
        app.include_router(account_router)
    # Without these, Streamlit would answer unknown paths with its page and status 200.
    app.add_api_route("/api/{path:path}", _answer_unknown, methods=_ANY_METHOD, include_in_schema=False)
    app.add_api_route("/account/{path:path}", _answer_unknown, methods=_ANY_METHOD, include_in_schema=False)
    if pages is not None:
        app.mount("/", Gate(pages, state) if settings.accounts else pages)
    app.add_exception_handler(LoginRequiredError, _ask_to_log_in)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(BrainTumorError, _answer_error)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(RequestLog)
    return app


def _combine(state: ServerState, pages: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        try:
            if pages is None:
                yield
            else:
                async with pages(app):
                    yield
        finally:
            state.close()

    return run


def _answer_unknown(path: str) -> Response:
    return _problem(404, "There is nothing at this address.")


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as in RFC 9457."""
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/account"):
        return render(request, "message.html", error.status_code, title="This did not work", text=error.detail)
    return _problem(error.status_code, error.detail, error.headers)


def _ask_to_log_in(request: Request, error: Exception) -> Response:
    target = f"?next={quote(request.url.path, safe='')}" if request.method == "GET" else ""
    return RedirectResponse(f"/account/login{target}", 303)


def _answer_error(request: Request, error: Exception) -> Response:
    """Return the sentence of an error that was raised deliberately."""
    if request.url.path.startswith("/account"):
        return render(request, "message.html", 503, title="This did not work", text=str(error))
    return _problem(503, str(error))
