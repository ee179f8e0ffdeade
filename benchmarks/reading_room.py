"""The reading room under a batch of real scans, measured in Chromium: times, and the memory of the server.

The clock is the browser's own: it starts at the last byte of the last upload. Nothing fails on a time: machines differ,
and so do moments. Alone: `.venv/bin/python benchmarks/reading_room.py`.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser

from braintumor.settings import get_settings
from tests.helpers.e2e.server import NO_CHROMIUM, find_chromium, launch_chromium, serve_dashboard
from tests.helpers.e2e.user import User, open_dashboard

SCANS: Final = 50
SESSIONS: Final = 10
STEPS: Final = 8
# Milliseconds after which a batch is given up, on however busy a machine.
PATIENCE: Final = 180_000.0
BARS: Final = {
    "first paint": 2000.0, "page opened": 2000.0, "first verdict": 1500.0, "all verdicts": 8000.0, "next scan": 300.0,
    "reader's finding": 300.0,
}  # fmt: skip
MEMORY_BAR: Final = 150.0
# Streamlit keeps a visit that was left for two minutes, should its reader come back; what it holds is freed after.
FORGOTTEN_AFTER: Final = 130.0
# When a verdict was first on the page, and when there were as many as files. Seen from within, frame by frame.
_CLOCK: Final = """
(total) => {
  const seen = window.reading = {first: 0, all: 0};
  const look = () => {
    const room = document.querySelector('[data-testid=stBidiComponentIsolated]')?.shadowRoot;
    const there = room?.querySelectorAll('[role=option]').length || 0;
    if (there && !seen.first) seen.first = performance.now();
    if (there >= total && !seen.all) seen.all = performance.now();
    if (!seen.all) requestAnimationFrame(look);
  };
  look();
}
"""
_LAST_BYTE: Final = """
() => Math.max(...performance.getEntriesByType('resource').filter(e => e.name.includes('upload_file'))
  .map(e => e.responseEnd))
"""
_PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
# From a key or a click to the new scan in the viewport, or to the end of the rerun.
_NEXT: Final = """
() => new Promise(done => {
  const viewport = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.querySelector('.viewport');
  const [start, before] = [performance.now(), viewport.dataset.scan];
  document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true}));
  const look = () => viewport.dataset.scan !== before ? done(performance.now() - start) : requestAnimationFrame(look);
  look();
})
"""


def main() -> int:
    """Print what was measured; 0 when done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="how many visits, one after the other")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of visits, with a wait until they are forgotten")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here")
    options = parser.parse_args()
    files = sorted((get_settings().dataset / "Testing").rglob("*.jpg"))[:: 1311 // SCANS][:SCANS]
    chromium = find_chromium()
    if chromium is None or len(files) < SCANS:
        print(f"The reading room was not measured: {NO_CHROMIUM if chromium is None else 'the image set is absent'}.")
        return 0
    with serve_dashboard() as address, launch_chromium(chromium) as browser:
        server = _server()
        visits = []
        for number in range(options.rounds):
            time.sleep(FORGOTTEN_AFTER if number else 0)
            visits += [_visit(browser, address, files, server) for _ in range(options.sessions)]
    print(_report(visits))
    if options.json:
        options.json.write_text(json.dumps(visits, indent=1), encoding="utf-8")
    return 0


def _server() -> int:
    """Process id of the dashboard: a child of this process."""
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for child in (task / "children").read_text(encoding="utf-8").split():
            if b"streamlit" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise RuntimeError("The dashboard's process was not found among the children of this one.")


def _memory(process: int) -> float:
    """Resident memory in MB."""
    gc.collect()
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _visit(browser: Browser, address: str, files: list[Path], server: int) -> dict[str, float]:
    with open_dashboard(browser, address) as user:
        page = user.page
        # A picture that is still on its way when its page is left counts as a complaint.
        page.wait_for_load_state("networkidle")
        found = {"first paint": float(page.evaluate(_PAINT)), "page opened": _opened(user)}
        found["memory before"] = _memory(server)
        page.evaluate(_CLOCK, len(files))
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
        page.wait_for_function("() => window.reading.all > 0", timeout=PATIENCE)
        last = float(page.evaluate(_LAST_BYTE))
        seen = page.evaluate("() => window.reading")
        found |= {"first verdict": seen["first"] - last, "all verdicts": seen["all"] - last}
        user.settle()
        found["memory with the files"] = _memory(server)
        found["next scan"] = statistics.median(_next(user) for _ in range(STEPS))
        found["reader's finding"] = _finding(user)
        found["memory after reading"] = _memory(server)
        page.get_by_role("button", name="Remove all").click()
        user.settle()
        page.wait_for_timeout(500)
        found["memory after removal"] = _memory(server)
    return found


def _opened(user: User) -> float:
    """From the click on the page's name until it is there, whole."""
    start = float(user.page.evaluate("() => performance.now()"))
    user.go("Detection")
    return float(user.page.evaluate("() => performance.now()")) - start


def _next(user: User) -> float:
    took = float(user.page.evaluate(_NEXT))
    user.settle()
    return took


def _finding(user: User) -> float:
    """From the click on a finding to the end of what it brings about."""
    start = float(user.page.evaluate("() => performance.now()"))
    user.page.get_by_role("radio", name="Agree").click()
    user.settle()
    return float(user.page.evaluate("() => performance.now()")) - start


def _report(visits: list[dict[str, float]]) -> str:
    lines = [f"{SCANS} scans uploaded together, {len(visits)} visits; milliseconds:"]
    for name, bar in BARS.items():
        values = [visit[name] for visit in visits]
        median = statistics.median(values)
        missed = "" if median < bar else f"   NOT under {bar:g}"
        lines.append(f"{name:<28}median {median:>7.0f}  worst {max(values):>7.0f}{missed}")
    lines.append("Memory of the server in MB, visit by visit: before, with the files, after removal:")
    lines += [
        f"  {visit['memory before']:>7.0f}{visit['memory with the files']:>9.0f}{visit['memory after removal']:>9.0f}"
        for visit in visits
    ]
    grown = max(visit["memory after reading"] - visit["memory before"] for visit in visits[1:] or visits)
    lines.append(f"largest growth within a visit after the first: {grown:.0f} MB (bar {MEMORY_BAR:g})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
