"""The web application: account pages, REST API and, mounted last, the dashboard."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import quote

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from braintumor import __version__
from braintumor.api.account import router as account_router
from braintumor.api.account.pages import LoginRequiredError
from braintumor.api.garbage_collection import freeze_old_objects
from braintumor.api.middleware.authentication import RequireLogin
from braintumor.api.middleware.body_limit import BodyLimit
from braintumor.api.middleware.headers import SecurityHeaders
from braintumor.api.middleware.request_log import RequestLog
from braintumor.api.openapi import DESCRIPTION, find_methods
from braintumor.api.origins import HostCheck
from braintumor.api.problems import UnexpectedErrors, add_error_handlers, problem_response
from braintumor.api.routing import add_routes
from braintumor.api.state import ServerState
from braintumor.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(settings: Settings, pages: ASGIApp | None = None, lifespan: Lifespan | None = None) -> FastAPI:
    """Build the web application.

    Parameters
    ----------
    settings : Settings
    pages : ASGI application, optional
        The dashboard, which gets every path that nothing else answers. With accounts on, it needs a login.
    lifespan : callable, optional
        Starts and stops the dashboard with the application.
    """
    state = ServerState(settings)
    app = FastAPI(
        title="Brain Tumor Detector",
        description=DESCRIPTION,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_combine(state, lifespan),
    )
    app.state.server = state
    if settings.accounts:
        app.include_router(account_router)
    add_routes(app)
    # Without these, Streamlit would answer unknown paths with its page and status 200.
    app.add_api_route("/api/{path:path}", _answer_unknown, methods=_ANY_METHOD, include_in_schema=False)
    app.add_api_route("/account/{path:path}", _answer_unknown, methods=_ANY_METHOD, include_in_schema=False)
    if pages is not None:
        app.mount("/", RequireLogin(pages, state) if settings.accounts else pages)
    app.add_exception_handler(LoginRequiredError, _ask_to_log_in)
    add_error_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(RequestLog, count=state.metrics.count_request)
    return app


def _combine(state: ServerState, pages: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        try:
            await run_in_threadpool(state.start)
            if pages is None:
                yield
            else:
                with freeze_old_objects():
                    async with pages(app):
                        yield
        finally:
            await run_in_threadpool(state.close)

    return run


def _answer_unknown(request: Request, path: str) -> Response:
    """Answer 405 where another method would do, and 404 otherwise."""
    if methods := find_methods(request.app, request.url.path):
        return problem_response(405, headers={"Allow": ", ".join(methods)})
    return problem_response(404)


def _ask_to_log_in(request: Request, error: Exception) -> Response:
    target = f"?next={quote(request.url.path, safe='')}" if request.method == "GET" else ""
    return RedirectResponse(f"/account/login{target}", 303)
