"""Load test of a server with accounts on loopback: users who open and rerun pages, and programs that call the API.

Pages are rerun through Streamlit's websocket, as a browser does. Prints errors, times and the memory of the server. The
benchmark fails on an error, and not on a time, because machines differ. Run alone with
`.venv/bin/python benchmarks/load.py --users 50 --seconds 300`.
"""

import argparse
import asyncio
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx2
import numpy as np
import psutil
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from braintumor.auth.api_tokens import Scope, create_token
from braintumor.auth.registration import accept_link
from braintumor.auth.sessions import Browser, find_visitor
from braintumor.auth.users import invite_user
from braintumor.datasets.phantoms import make_phantom
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import UserRole
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.helpers.e2e.server import serve_all

PAGES: Final = ("summary", "detection", "history", "dashboard", "session_log", "performance", "hypotheses")
PROGRAMS: Final = 0.2  # share of the users that call the API
PAUSE: Final = (1.0, 5.0)  # seconds between two actions of a user, at random
TIMEOUT: Final = 60.0
_PASSWORD: Final = "violet harbour kettle 9"
TARGETS: Final = {"page rerun": 1000.0, "predict": 500.0}  # 95th percentile in milliseconds, on two idle cores


@dataclass
class Results:
    """Times in milliseconds by kind of action, and errors with their numbers."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add the time of a block, unless it fails."""
        start = time.perf_counter()
        yield
        self.times[kind].append(1000 * (time.perf_counter() - start))


class PageUser:
    """A browser tab: its websocket, and the addresses of the pages that the server named."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self.pages: dict[str, str] = {}

    async def rerun(self, page: str = "") -> None:
        """Run the script of a page and wait until it is finished; raise RuntimeError if it shows an exception."""
        request = BackMsg()
        request.rerun_script.page_script_hash = self.pages.get(page, "")
        await self._websocket.send(request.SerializeToString())
        problem = ""
        while True:
            content = await asyncio.wait_for(self._websocket.recv(), TIMEOUT)
            message = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self.pages = {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
            elif kind == "delta" and message.delta.new_element.HasField("exception"):
                problem = f"page {page}: {message.delta.new_element.exception.message}"
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                break
        if problem or message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise RuntimeError(problem or f"page {page}: the script cannot be compiled")


async def use_pages(address: str, cookie: str, end: float, results: Results, numbers: random.Random) -> None:
    """Open the dashboard, then open or rerun pages until the end."""
    url = address.replace("http:", "ws:") + "/_stcore/stream"
    headers = {"Cookie": f"braintumor={cookie}"}
    async with connect(
        url, additional_headers=headers, origin=address, subprotocols=["streamlit"], max_size=None
    ) as websocket:
        user = PageUser(websocket)
        with results.measure("first page"):
            await user.rerun()
        page = ""
        while await _pause(end, numbers):
            kind = "page rerun"
            if numbers.random() < 0.5:
                page, kind = numbers.choice([each for each in PAGES if each in user.pages]), "page opened"
            with results.measure(kind):
                await user.rerun(page)


async def call_api(address: str, token: str, end: float, results: Results, numbers: random.Random) -> None:
    """Send pictures to `predict` until the end."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT) as client:
        while await _pause(end, numbers):
            files = [("files", ("scan.png", _make_png(numbers), "image/png"))]
            with results.measure("predict"):
                response = await client.post("/api/v1/predict", files=files)
                if response.status_code != 200:
                    raise RuntimeError(f"predict: {response.status_code} {response.text[:200]}")


async def _pause(end: float, numbers: random.Random) -> bool:
    """Wait a moment, and return whether there is time left."""
    await asyncio.sleep(numbers.uniform(*PAUSE))
    return time.monotonic() < end


async def _repeat(act: Callable[[], Awaitable[None]], end: float, results: Results) -> None:
    """Repeat what a user does after an error, which is counted."""
    while time.monotonic() < end:
        try:
            await act()
        except Exception as error:  # anything a user may meet
            results.errors[f"{type(error).__name__}: {error}"[:200]] += 1
            await asyncio.sleep(1)


async def run_load(address: str, users: list[tuple[str, str]], seconds: float) -> Results:
    """Let users with these cookies and tokens work at the same time for some seconds."""
    results, end = Results(), time.monotonic() + seconds
    tasks = []
    for number, (cookie, token) in enumerate(users):
        act, secret = (call_api, token) if number < max(1, round(PROGRAMS * len(users))) else (use_pages, cookie)
        numbers = random.Random(number)  # noqa: S311 - no secret
        tasks.append(_repeat(lambda a=act, s=secret, n=numbers: a(address, s, end, results, n), end, results))
    await asyncio.gather(*tasks)
    return results


async def compare_predict(address: str, token: str, count: int = 20) -> dict[str, float]:
    """Return the median times in milliseconds of `predict` and of the same call without a server, one at a time."""
    detector, numbers, results = Detector.load(), random.Random(0), Results()  # noqa: S311 - no secret
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT) as client:
        for _ in range(count):
            png = _make_png(numbers)
            with results.measure("direct call"):
                detector.detect(png, "scan.png")
            with results.measure("predict alone"):
                response = await client.post("/api/v1/predict", files=[("files", ("scan.png", png, "image/png"))])
                response.raise_for_status()
    return {kind: float(np.median(times)) for kind, times in results.times.items()}


def add_users(storage: Storage, count: int) -> list[tuple[str, str]]:
    """Create users and return the cookie of a session and an API token of each."""
    users = []
    for number in range(count):
        link = invite_user(storage, None, f"user{number}@example.org", UserRole.READER)
        cookie = accept_link(storage, link, "", f"User {number}", _PASSWORD, Browser("127.0.0.1", "load"))
        visitor = find_visitor(storage, cookie)
        assert visitor is not None
        users.append((cookie, create_token(storage, visitor.actor, "load", {Scope.READ}, 1)))
    return users


def _make_png(numbers: random.Random) -> bytes:
    content = io.BytesIO()
    pixels = make_phantom(numbers.choice(CLASSES), numbers.randrange(1_000), 256).pixels
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _server_memory() -> float:
    """Return the resident memory of the server, the only child of this process, in MB."""
    return max(child.memory_info().rss for child in psutil.Process().children()) / 1e6


def summarize(results: Results) -> dict[str, dict[str, float]]:
    """Return number, median and 95th percentile of each kind of action."""
    return {
        kind: {"n": len(times), "p50": float(np.median(times)), "p95": float(np.percentile(times, 95))}
        for kind, times in sorted(results.times.items())
    }


def main() -> int:
    """Start a server, put load on it and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=50, help="number of users (default 50)")
    parser.add_argument("--seconds", type=float, default=300, help="duration (default 300)")
    parser.add_argument("--json", type=Path, help="save the results here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        storage = open_storage(Settings(data=Path(folder), accounts=True))
        users = add_users(storage, options.users)
        storage.close()
        with serve_all({"BRAINTUMOR_ACCOUNTS": "on", "BRAINTUMOR_DATA": folder}) as (address, _):
            asyncio.run(run_load(address, users[:1] * 2, 10))  # loads model and pages
            alone = asyncio.run(compare_predict(address, users[0][1]))
            before = _server_memory()
            results = asyncio.run(run_load(address, users, options.seconds))
            after = _server_memory()
    summary = summarize(results)
    for kind, values in summary.items():
        target = f" (target {TARGETS[kind]:.0f})" if kind in TARGETS else ""
        print(f"{kind:12} n {values['n']:6}  p50 {values['p50']:6.0f} ms  p95 {values['p95']:6.0f} ms{target}")
    ratio = alone["predict alone"] / alone["direct call"]
    print(", ".join(f"{kind} {time:.1f} ms" for kind, time in alone.items()) + f": {ratio:.2f} times (target 2)")
    print(f"memory of the server: {before:.0f} MB at the start, {after:.0f} MB at the end")
    print(f"errors: {results.errors.total()}")
    for text, count in results.errors.most_common(10):
        print(f"  {count:4} {text}")
    if options.json:
        content = {"times": summary, "alone": alone, "errors": results.errors, "memory_mb": [before, after]}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 1 if results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
