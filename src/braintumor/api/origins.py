"""Which hosts the server answers to, and which requests come from its own pages."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from braintumor.settings import Settings

_PROBES: Final = frozenset({"/livez", "/readyz"})  # asked by address, and tell nothing
_METRICS: Final = "/metrics"  # asked by address too, and needs a token with accounts on
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Return whether an address or host name is this computer."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def is_same_origin(headers: Headers) -> bool:
    """Return whether a request that changes something comes from a page of this server.

    Browsers send `Sec-Fetch-Site`, except over plain http from another computer, where `Origin` has to do. A request
    with neither is refused.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and _is_own(origin, headers)


def safe_next(path: str | None) -> str:
    """Return where to go after the login: a path of this server, or its first page."""
    if not path or not path.startswith("/") or path[1:2] in ("/", "\\") or path.startswith("/account/"):
        return "/"
    return path if path.isascii() and path.isprintable() and "\\" not in path else "/"


class HostCheck:
    """Middleware that refuses requests for other host names, against DNS rebinding and forged links.

    Websockets of pages of other sites are refused too, since browsers send cookies with them.

    With accounts off, requests of other computers are refused as well, whatever address the server listens on.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = set(_LOCAL_NAMES)
        self._local_only = not settings.accounts
        if settings.public_url and settings.accounts:
            self._hosts.add(_host_name(urlsplit(settings.public_url).netloc))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket") or self._is_allowed(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            text = (
                "This server does not answer at this address. Use the address in BRAINTUMOR_PUBLIC_URL or, with "
                "accounts off, a browser on the server's own computer."
            )
            await PlainTextResponse(text, 421)(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        if scope["path"] in _PROBES or (scope["path"] == _METRICS and not self._local_only):
            return True
        client = scope.get("client")
        if self._local_only and not (client and is_loopback(client[0])):
            return False
        if scope["type"] == "websocket" and _is_from_other_site(Headers(scope=scope)):
            return False
        return _host_name(Headers(scope=scope).get("host", "")) in self._hosts


def _is_from_other_site(headers: Headers) -> bool:
    """Return whether a page of another site opens a websocket. Browsers always send its origin, programs do not."""
    origin = headers.get("origin")
    return origin is not None and not _is_own(origin, headers)


def _is_own(origin: str, headers: Headers) -> bool:
    try:
        host = urlsplit(origin).netloc.casefold()
    except ValueError:  # such as http://[evil
        return False
    return host != "" and host == headers.get("host", "").casefold()


def _host_name(netloc: str) -> str:
    name, colon, port = netloc.casefold().rpartition(":")
    return name if colon and port.isdigit() else netloc.casefold()
