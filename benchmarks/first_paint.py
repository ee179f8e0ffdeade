"""Benchmark of the first paint of each page in Chromium, served by `braintumor serve`; part of `make bench`.

Each page is opened by its address, with the caches of browser and server filled by a visit before: the time from the
navigation to its heading, and to the last change of the page. The benchmark does not fail on a time, because machines
differ. Run alone with `.venv/bin/python benchmarks/first_paint.py`.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Browser, expect

from tests.helpers.e2e.routes import PAGES
from tests.helpers.e2e.server import NO_CHROMIUM, find_chromium, launch_chromium, serve_all
from tests.helpers.e2e.user import DESKTOP, User

# Target of the heading in milliseconds.
TARGET: Final = 1000.0
ROUNDS: Final = 3
QUIET_PERIOD: Final = 400  # milliseconds without a change after which a page counts as complete
_CLOCK: Final = """
(() => {
  const times = window.paint = {heading: 0, changed: 0};
  new MutationObserver(() => {
    times.changed = performance.now();
    if (!times.heading && document.querySelector("h1")) times.heading = times.changed;
  }).observe(document, {subtree: true, childList: true});
})()
"""
Times = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Measure, print the medians, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="visits of each page, after one to warm up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to this file")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(f"The first paint was not measured: {NO_CHROMIUM}.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {"BRAINTUMOR_ACCOUNTS": "off", "BRAINTUMOR_DATA": folder}
        with serve_all(environment) as (address, _), launch_chromium(chromium) as browser:
            times = measure(browser, address, options.rounds)
    print(_format_table(times, options.rounds))
    if options.json:
        options.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(browser: Browser, address: str, rounds: int) -> Times:
    """Return the milliseconds to the heading and to the last change of each page, for each visit."""
    user = User(browser.new_page(viewport=DESKTOP))
    user.page.add_init_script(_CLOCK)
    times: Times = {}
    for title in PAGES:
        path = "" if title == "Summary" else title.lower().replace(" ", "_")
        for number in range(rounds + 1):
            user.is_answer_pending = True
            user.page.goto(f"{address}/{path}")
            expect(user.page.get_by_role("heading", level=1)).to_be_visible()
            user.settle()
            while user.page.evaluate("performance.now() - window.paint.changed") < QUIET_PERIOD:
                user.page.wait_for_timeout(50)
            if number:
                heading, changed = user.page.evaluate("[window.paint.heading, window.paint.changed]")
                times.setdefault(title, []).append((heading, changed))
    return times


def _format_table(times: Times, rounds: int) -> str:
    lines = [f"Milliseconds from opening a page to its heading and to its last change, median of {rounds}:"]
    lines += [f"{'':<16}{'heading':>10}{'complete':>10}"]
    for title, values in times.items():
        heading, complete = (statistics.median(column) for column in zip(*values, strict=True))
        warning = "" if heading < TARGET else f"   NOT under {TARGET:g}"
        lines.append(f"{title:<16}{heading:>10.0f}{complete:>10.0f}{warning}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
