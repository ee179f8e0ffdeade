"""A user of the dashboard in Chromium, who waits until the server has answered and everything is displayed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
# Seconds; generous, so that no test fails on a busy machine.
PATIENCE: Final = 240.0
_NEXT_FRAME: Final = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# The server finishes before the browser has drawn the result: only then are its images known.
_IS_DRAWN: Final = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
# The code that draws an element is itself loaded on demand; a skeleton is shown until then.
_HAS_IMAGES: Final = """!document.querySelector('[data-testid=stSkeleton]')
    && [...document.images].every(image => image.complete && image.naturalWidth > 0)
"""
expect.set_options(timeout=1000 * PATIENCE)


@dataclass
class User:
    """A browser page, its errors, its failed requests, and the hosts it contacted."""

    page: Page
    errors: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    is_answer_pending: bool = True

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", lambda request: self.failed_requests.append(f"{request.failure} {request.url}"))
        self.page.on("response", self._on_response)
        self.page.on("websocket", self._on_websocket)

    def settle(self) -> None:
        """Wait until the server has finished its run and every image is loaded.

        Streamlit serves an image only while its view is shown. If the view changes earlier, the image is withdrawn and
        the browser reports an error, so a test must not click before.
        """
        self.page.evaluate(_NEXT_FRAME)  # a click is sent after the page has been repainted
        deadline = time.monotonic() + PATIENCE
        while self.is_answer_pending and time.monotonic() < deadline:
            self.page.wait_for_timeout(10)
        assert not self.is_answer_pending, "the server did not answer"
        self.wait_until(_IS_DRAWN, "the page is not drawn")
        self.page.evaluate(_NEXT_FRAME)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        self.wait_until(_HAS_IMAGES, "an image is not loaded")

    def wait_until(self, expression: str, problem: str) -> None:
        """Wait for a condition; Playwright's own function for this needs `eval`, which the server's policy forbids."""
        deadline = time.monotonic() + PATIENCE
        while not self.page.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < deadline, problem
            self.page.wait_for_timeout(20)

    def go(self, title: str) -> None:
        """Open a page by its link: in the header on a desktop, in a row above the title on a phone."""
        navigation = self.page.locator(".st-key-pages")
        if self.page.viewport_size != PHONE:
            navigation = self.page.get_by_role("banner")
        navigation.get_by_role("link", name=title, exact=True).click()
        heading = "Brain Tumor Detector" if title == "Summary" else title
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        self.settle()

    def reload(self) -> None:
        """Reload the page."""
        self.is_answer_pending = True
        self.page.reload()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        self.settle()

    def choose(self, option: str) -> None:
        """Select the first segment with this label."""
        segment = self.page.get_by_role("radio", name=option, exact=True).first
        segment.click()
        expect(segment).to_be_checked()
        self.settle()

    def open_tab(self, name: str) -> None:
        """Open a tab."""
        tab = self.page.get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        self.settle()

    def fits(self) -> bool:
        """Whether the page needs no horizontal scrolling."""
        main = self.page.get_by_test_id("stMain")
        return bool(main.evaluate("element => element.scrollWidth <= element.clientWidth"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def _on_request(self, request: Request) -> None:
        if request.url.startswith(("http", "ws")):
            self.hosts.add(urlsplit(request.url).netloc)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed_requests.append(f"{response.status} {response.url}")

    def _on_websocket(self, socket: WebSocket) -> None:
        self.hosts.add(urlsplit(socket.url).netloc)
        socket.on("framesent", self._on_frame_sent)
        socket.on("framereceived", self._on_frame_received)

    def _on_frame_sent(self, content: str | bytes) -> None:
        if isinstance(content, bytes) and BackMsg.FromString(content).WhichOneof("type") == "rerun_script":
            self.is_answer_pending = True

    def _on_frame_received(self, content: str | bytes) -> None:
        if isinstance(content, bytes):
            message = ForwardMsg.FromString(content)
            is_finished = message.WhichOneof("type") == "script_finished"
            if is_finished and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.is_answer_pending = False


@contextmanager
def open_dashboard(browser: Browser, address: str, size: ViewportSize = DESKTOP, dark: bool = False) -> Iterator[User]:
    """Open the first page in a new session; at the end, check for errors and for requests to other hosts."""
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", accept_downloads=True)
    context.set_default_timeout(1000 * PATIENCE)
    user = User(context.new_page())
    user.page.goto(address)
    expect(user.page.get_by_role("heading", level=1)).to_be_visible()
    user.settle()
    yield user
    user.settle()
    context.close()
    assert user.errors == [], f"failed requests: {user.failed_requests}"
    assert user.hosts == {urlsplit(address).netloc}
