"""A server on the loopback address with the interface of a language model, which does what a test wants."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behavior = Callable[["Handler"], None]


@dataclass
class Stub:
    """A running server.

    Attributes
    ----------
    url : str
        Base address for the client.
    behavior : callable
        Writes the answer.
    requests : list of dict
        JSON bodies that were received.
    headers : list of dict
        Their headers.
    """

    behavior: Behavior
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Receives requests of one stub."""

    stub: Stub

    def do_POST(self) -> None:
        """Record the request and answer it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.stub.requests.append(json.loads(body))
        self.stub.headers.append(dict(self.headers))
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has seen enough
            self.stub.behavior(self)

    def log_message(self, *args: object) -> None:
        """Print nothing."""

    def begin(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of an answer that ends when the connection closes."""
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def write(self, data: bytes) -> None:
        """Send bytes at once."""
        self.wfile.write(data)
        self.wfile.flush()


def chunk(text: str, finish: str | None = None) -> bytes:
    """Return a piece of an answer as a server-sent event."""
    content = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def says(text: str, size: int = 7) -> Behavior:
    """Return a behaviour that streams a text in pieces."""

    def answer(handler: Handler) -> None:
        handler.begin()
        for start in range(0, len(text), size):
            handler.write(chunk(text[start : start + size]))
        handler.write(chunk("", "stop") + b"data: [DONE]\n\n")

    return answer


def sends(data: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Behavior:
    """Return a behaviour that sends bytes as they are and closes the connection."""

    def answer(handler: Handler) -> None:
        handler.begin(status, headers)
        handler.write(data)

    return answer


def hangs(handler: Handler) -> None:
    """Begin with an honest sentence and say nothing more."""
    handler.begin()
    handler.write(chunk("A tumour is suspected. The"))
    handler.stub.released.wait(20)


def never_ends(handler: Handler) -> None:
    """Repeat an honest sentence without end."""
    handler.begin()
    while not handler.stub.released.is_set():
        handler.write(chunk("A tumour is suspected. "))


def only_pings(handler: Handler) -> None:
    """Keep the connection alive without an answer."""
    handler.begin()
    while not handler.stub.released.is_set():
        handler.write(b": ping\n\n")


@contextmanager
def run_stub(behavior: Behavior) -> Iterator[Stub]:
    """Run a server until the block ends."""
    stub = Stub(behavior)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("StubHandler", (Handler,), {"stub": stub}))
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.released.set()
        server.shutdown()
        server.server_close()
