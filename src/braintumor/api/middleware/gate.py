"""The gate before the dashboard: pages, pictures, uploads and websocket need a valid session."""

from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from braintumor.api.origins import is_same_origin
from braintumor.api.state import ServerState

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOGIN: Final = "/account/login"
_CLOSED: Final = 1008  # "policy violation"; before the connection is accepted, the browser gets 403


class Gate:
    """ASGI application that lets requests through to the dashboard if their session is valid.

    Streamlit itself asks nobody who they are. The session is looked up for each request and for each message of a
    websocket, so that a revoked session ends at the next one.

    Parameters
    ----------
    app : ASGIApp
        The dashboard.
    state : ServerState
    """

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        elif scope["type"] == "http":
            refusal = await self._refuse(scope)
            await (refusal or self._app)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not await self._is_logged_in(scope):
            if _is_navigation(scope["method"], headers):
                return RedirectResponse(f"{_LOGIN}?next={quote(_path(scope), safe='')}", 303)
            return PlainTextResponse("Log in first.", 401)
        if scope["method"] not in _SAFE_METHODS and not is_same_origin(headers):
            return PlainTextResponse("This request does not come from a page of this server.", 403)
        return None

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._is_logged_in(scope):
            await send({"type": "websocket.close", "code": _CLOSED})
            return

        async def receive_while_logged_in() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not await self._is_logged_in(scope):
                await send({"type": "websocket.close", "code": _CLOSED, "reason": "The session has ended."})
                return {"type": "websocket.disconnect", "code": _CLOSED}
            return message

        await self._app(scope, receive_while_logged_in, send)

    async def _is_logged_in(self, scope: Scope) -> bool:
        cookies = HTTPConnection(scope).cookies
        return await run_in_threadpool(self._state.find_visitor, cookies) is not None


def _is_navigation(method: str, headers: Headers) -> bool:
    """Return whether a page is opened, not a picture, script or the like; a login page would be no use there.

    Over plain http from another computer, browsers do not send `Sec-Fetch-Mode`.
    """
    mode = headers.get("sec-fetch-mode")
    if method != "GET":
        return False
    return mode == "navigate" if mode is not None else "text/html" in headers.get("accept", "")


def _path(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"]) + (f"?{query}" if query else "")
