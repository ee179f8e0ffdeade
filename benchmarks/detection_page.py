"""Benchmark of the Detection page with a batch of real scans in Chromium: times, and the memory of the server.

Times are measured by the browser and start at the last byte of the last upload. The benchmark does not fail on a time,
because machines differ. Run alone with `.venv/bin/python benchmarks/detection_page.py`.
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
# Milliseconds.
TARGETS: Final = {
    "first paint": 2000.0, "page opened": 2000.0, "first verdict": 1500.0, "all verdicts": 8000.0, "next scan": 300.0,
    "reader's finding": 300.0,
}  # fmt: skip
MAX_MEMORY_GROWTH: Final = 150.0  # MB
# Streamlit keeps the session of a closed page for two minutes, in case the user reconnects.
SESSION_TIMEOUT: Final = 130.0  # seconds
# Times of the first verdict and of the last one, checked at every animation frame.
_CLOCK: Final = """
(total) => {
  const times = window.verdictTimes = {first: 0, all: 0};
  const check = () => {
    const worklist = document.querySelector('[data-testid=stBidiComponentIsolated]')?.shadowRoot;
    const count = worklist?.querySelectorAll('[role=option]').length || 0;
    if (count && !times.first) times.first = performance.now();
    if (count >= total && !times.all) times.all = performance.now();
    if (!times.all) requestAnimationFrame(check);
  };
  check();
}
"""
_LAST_BYTE: Final = """
() => Math.max(...performance.getEntriesByType('resource').filter(e => e.name.includes('upload_file'))
  .map(e => e.responseEnd))
"""
_PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Milliseconds from a key press to the next scan in the viewport.
_NEXT_SCAN: Final = """
() => new Promise(done => {
  const {shadowRoot} = document.querySelector('[data-testid=stBidiComponentIsolated]');
  const viewport = shadowRoot.querySelector('.viewport');
  const [start, before] = [performance.now(), viewport.dataset.scan];
  document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true}));
  const check = () => viewport.dataset.scan !== before ? done(performance.now() - start) : requestAnimationFrame(check);
  check();
})
"""


def main() -> int:
    """Measure, print the results, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="number of sessions, one after the other")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of sessions, with a pause in between")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to this file")
    options = parser.parse_args()
    files = sorted((get_settings().dataset / "Testing").rglob("*.jpg"))[:: 1311 // SCANS][:SCANS]
    chromium = find_chromium()
    if chromium is None or len(files) < SCANS:
        print(
            f"The Detection page was not measured: {NO_CHROMIUM if chromium is None else 'the image set is missing'}."
        )
        return 0
    with serve_dashboard() as address, launch_chromium(chromium) as browser:
        server = _find_server()
        sessions = []
        for number in range(options.rounds):
            time.sleep(SESSION_TIMEOUT if number else 0)
            sessions += [_measure_session(browser, address, files, server) for _ in range(options.sessions)]
    print(_format_report(sessions))
    if options.json:
        options.json.write_text(json.dumps(sessions, indent=1), encoding="utf-8")
    return 0


def _find_server() -> int:
    """Return the process id of the dashboard, a child of this process."""
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for child in (task / "children").read_text(encoding="utf-8").split():
            if b"braintumor" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise RuntimeError("The dashboard is not among the child processes.")


def _read_memory(process: int) -> float:
    """Return the resident memory of a process in MB."""
    gc.collect()
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _measure_session(browser: Browser, address: str, files: list[Path], server: int) -> dict[str, float]:
    with open_dashboard(browser, address) as user:
        page = user.page
        # Leaving a page while an image is loading counts as an error.
        page.wait_for_load_state("networkidle")
        results = {"first paint": float(page.evaluate(_PAINT)), "page opened": _measure_opening(user)}
        results["memory before"] = _read_memory(server)
        page.evaluate(_CLOCK, len(files))
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
        user.wait_until("window.verdictTimes.all > 0", "a verdict is missing")
        last_byte = float(page.evaluate(_LAST_BYTE))
        times = page.evaluate("() => window.verdictTimes")
        results |= {"first verdict": times["first"] - last_byte, "all verdicts": times["all"] - last_byte}
        user.settle()
        results["memory with the files"] = _read_memory(server)
        results["next scan"] = statistics.median(_measure_next_scan(user) for _ in range(STEPS))
        results["reader's finding"] = _measure_finding(user)
        results["memory after reading"] = _read_memory(server)
        page.get_by_role("button", name="Start over").click()
        user.settle()
        page.wait_for_timeout(500)
        results["memory after removal"] = _read_memory(server)
    return results


def _measure_opening(user: User) -> float:
    """Return the milliseconds from the click on the page's link until it is complete."""
    start = float(user.page.evaluate("() => performance.now()"))
    user.go("Detection")
    return float(user.page.evaluate("() => performance.now()")) - start


def _measure_next_scan(user: User) -> float:
    milliseconds = float(user.page.evaluate(_NEXT_SCAN))
    user.settle()
    return milliseconds


def _measure_finding(user: User) -> float:
    """Return the milliseconds from the click on a finding until the page is complete."""
    start = float(user.page.evaluate("() => performance.now()"))
    user.page.get_by_role("radio", name="Agree").click()
    user.settle()
    return float(user.page.evaluate("() => performance.now()")) - start


def _format_report(sessions: list[dict[str, float]]) -> str:
    lines = [f"{SCANS} scans uploaded together, {len(sessions)} sessions; milliseconds:"]
    for name, target in TARGETS.items():
        values = [session[name] for session in sessions]
        median = statistics.median(values)
        warning = "" if median < target else f"   NOT under {target:g}"
        lines.append(f"{name:<28}median {median:>7.0f}  worst {max(values):>7.0f}{warning}")
    lines.append("Memory of the server in MB, by session: before, with the files, after removal:")
    lines += [
        f"  {session['memory before']:>7.0f}{session['memory with the files']:>9.0f}"
        f"{session['memory after removal']:>9.0f}"
        for session in sessions
    ]
    growth = max(s["memory after reading"] - s["memory before"] for s in sessions[1:] or sessions)
    lines.append(f"largest growth within a session after the first: {growth:.0f} MB (target {MAX_MEMORY_GROWTH:g})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
