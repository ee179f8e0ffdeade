"""Authentication for the dashboard: pages, pictures, uploads and websocket need a valid session."""

import re
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from braintumor.api.middleware.issued_addresses import IssuedAddresses
from braintumor.api.origins import is_same_origin
from braintumor.api.state import ServerState
from braintumor.auth.sessions import Visitor

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOGIN: Final = "/account/login"
_CLOSED: Final = 1008  # "policy violation"; before the connection is accepted, the browser gets 403
_PROTOCOL: Final = "sec-websocket-protocol"
_OPENING_MESSAGES: Final = 10  # of a websocket, one of which names its browser session
# Streamlit's numbers about all users, and its interface for programs, which the REST API replaces.
_UNUSED: Final = re.compile(r"/+_stcore/+(metrics|agent)(/|$)")


class RequireLogin:
    """ASGI application that lets requests through to the dashboard if their session is valid.

    Streamlit itself has no authentication. The session is looked up for each request and for each message of a
    websocket, so that a revoked session ends at the next one. Pictures, uploads and browser sessions are open only to
    the user to whom their address was sent.

    Parameters
    ----------
    app : ASGIApp
        The dashboard.
    state : ServerState
    """

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state
        self._issued = IssuedAddresses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        elif scope["type"] == "http":
            refusal = await self._refuse(scope)
            await (refusal or self._app)(scope, receive, _disable_caching(scope, send))
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        visitor = await self._find_visitor(scope)
        if visitor is None:
            if _is_navigation(scope["method"], headers):
                return RedirectResponse(f"{_LOGIN}?next={quote(_path(scope), safe='')}", 303)
            return PlainTextResponse("Log in first.", 401)
        if scope["method"] not in _SAFE_METHODS and not is_same_origin(headers):
            return PlainTextResponse("This request does not come from a page of this server.", 403)
        if _UNUSED.match(scope["path"]) or not self._issued.may_open(visitor.user_id, scope["path"]):
            return PlainTextResponse("There is nothing at this address.", 404)
        return None

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = await self._find_visitor(scope)
        if visitor is None:
            await send({"type": "websocket.close", "code": _CLOSED})
            return
        user_id, sent = visitor.user_id, 0
        if not self._issued.is_issued(user_id, _resumed_session(scope)):
            _begin_new_session(scope)

        async def receive_while_logged_in() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and await self._find_visitor(scope) is None:
                await send({"type": "websocket.close", "code": _CLOSED, "reason": "The session has ended."})
                return {"type": "websocket.disconnect", "code": _CLOSED}
            return message

        async def send_and_record(message: Message) -> None:
            nonlocal sent
            if message["type"] == "websocket.send" and message.get("bytes"):
                self._issued.collect_ids(user_id, message["bytes"], names_session=sent < _OPENING_MESSAGES)
                sent += 1
            await send(message)

        await self._app(scope, receive_while_logged_in, send_and_record)

    async def _find_visitor(self, scope: Scope) -> Visitor | None:
        return await run_in_threadpool(self._state.find_visitor, HTTPConnection(scope).cookies)


def _resumed_session(scope: Scope) -> str:
    """Return the browser session that a websocket continues after an interruption; empty for a new one.

    Streamlit's pages name it in the third place of the header for protocols.
    """
    entries = Headers(scope=scope).get(_PROTOCOL, "").split(",")
    return entries[2].strip() if len(entries) > 2 else ""


def _begin_new_session(scope: Scope) -> None:
    """Remove the browser session from the request of a websocket, so that Streamlit begins a new one."""
    headers = MutableHeaders(scope=scope)
    if _PROTOCOL in headers:
        headers[_PROTOCOL] = ",".join(headers[_PROTOCOL].split(",")[:2])


def _disable_caching(scope: Scope, send: Send) -> Send:
    """Forbid browsers and proxies to cache pictures and downloads."""

    async def send_uncached(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await send(message)

    return send_uncached if scope["path"].startswith("/media/") else send


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
