"""A visitor: a page in Chromium, what went on behind it, and when the dashboard has answered and shown everything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE = 30.0
_PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# The server has ended before the browser has drawn what it said: only then are its pictures known of.
_DRAWN = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
# What draws a kind of element, pictures too, is itself loaded when first needed; a skeleton stands there until then.
_PICTURES = """
!document.querySelector('[data-testid=stSkeleton]')
    && [...document.images].every(image => image.complete && image.naturalWidth > 0)
"""
# A busy machine is no bug.
expect.set_options(timeout=1000 * PATIENCE)


@dataclass
class Visitor:
    """A page, what its browser complained of, which requests failed, and which hosts it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    owed: bool = True  # whether the server has yet to answer

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", lambda request: self.failed.append(f"{request.failure} {request.url}"))
        self.page.on("response", self._answered)
        self.page.on("websocket", self._connected)

    def settle(self) -> None:
        """Wait until the server has run what was asked for to its end, and every picture of it has come.

        Streamlit serves a picture only while its view is shown: one that is left earlier is withdrawn, and a browser
        that still waits for it complains. So nothing may be clicked before.
        """
        self.page.evaluate(_PAINTED)  # a click is sent on once the page has been painted anew
        deadline = time.monotonic() + PATIENCE
        while self.owed and time.monotonic() < deadline:
            self.page.wait_for_timeout(10)
        assert not self.owed, "the server did not answer"
        self.page.wait_for_function(_DRAWN)
        self.page.evaluate(_PAINTED)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        self.page.wait_for_function(_PICTURES)

    def go(self, title: str) -> None:
        """Follow the navigation to a page: at the top on a desk, in a row above the title on a phone."""
        row = self.page.locator(".st-key-pages")
        if self.page.viewport_size != PHONE:
            row = self.page.get_by_role("banner")
        row.get_by_role("link", name=title, exact=True).click()
        heading = "Brain Tumor Detector" if title == "Summary" else title
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        self.settle()

    def reload(self) -> None:
        """Load the page anew."""
        self.owed = True
        self.page.reload()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        self.settle()

    def choose(self, option: str) -> None:
        """Press the first segment of that name."""
        chosen = self.page.get_by_role("radio", name=option, exact=True).first
        chosen.click()
        expect(chosen).to_be_checked()
        self.settle()

    def open_tab(self, name: str) -> None:
        """Open a tab."""
        tab = self.page.get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        self.settle()

    def fits(self) -> bool:
        """Whether nothing sticks out sideways."""
        main = self.page.get_by_test_id("stMain")
        return bool(main.evaluate("element => element.scrollWidth <= element.clientWidth"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _asked(self, request: Request) -> None:
        if request.url.startswith(("http", "ws")):
            self.hosts.add(urlsplit(request.url).netloc)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")

    def _connected(self, socket: WebSocket) -> None:
        self.hosts.add(urlsplit(socket.url).netloc)
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, content: str | bytes) -> None:
        if isinstance(content, bytes) and BackMsg.FromString(content).WhichOneof("type") == "rerun_script":
            self.owed = True

    def _received(self, content: str | bytes) -> None:
        if isinstance(content, bytes):
            message = ForwardMsg.FromString(content)
            ended = message.WhichOneof("type") == "script_finished"
            if ended and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.owed = False


@contextmanager
def visiting(browser: Browser, address: str, size: ViewportSize = DESK, dark: bool = False) -> Iterator[Visitor]:
    """A fresh visitor on the first page; afterwards, nothing may have been complained of or asked of another host."""
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", accept_downloads=True)
    context.set_default_timeout(1000 * PATIENCE)
    visitor = Visitor(context.new_page())
    visitor.page.goto(address)
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    visitor.settle()
    yield visitor
    visitor.settle()
    context.close()
    assert visitor.complaints == [], f"requests that failed: {visitor.failed}"
    assert visitor.hosts == {urlsplit(address).netloc}
