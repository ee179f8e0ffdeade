"""Benchmark of every switch on the Visualizer, from the click to the last change of the page; part of `make bench`.

Times are measured by Chromium: from pressing the pointer to the last change of the content or the last loaded image.
The benchmark does not fail on a time, because machines differ. Run alone with
`.venv/bin/python benchmarks/visualizer_switches.py`.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.helpers.e2e.routes import VIEWS
from tests.helpers.e2e.server import NO_CHROMIUM, find_chromium, launch_chromium, serve_dashboard
from tests.helpers.e2e.user import User, open_dashboard

# Targets in milliseconds.
SWITCH_TARGET: Final = 500.0
LOAD_TARGET: Final = 1000.0
LOAD: Final = "reload of the page"
ROUNDS: Final = 5
# Milliseconds without a change after which a page counts as complete.
QUIET_PERIOD: Final = 400
_CLOCK: Final = """
(() => {
  const times = window.switches = {clicked: 0, changed: 0};
  const now = () => { times.changed = performance.now(); };
  document.addEventListener("pointerdown", () => { times.clicked = times.changed = performance.now(); }, true);
  document.addEventListener("load", now, true);
  // The content of a canvas is for screen readers only, and tables write it later.
  const isVisible = change => !(change.type == "childList" && change.target.closest?.("canvas"));
  new MutationObserver(changes => changes.some(isVisible) && now()).observe(
    document, {subtree: true, childList: true, attributes: true, characterData: true});
})()
"""
_COMPLETE: Final = f"performance.now() - window.switches.changed > {QUIET_PERIOD}"
Switch = tuple[str, Callable[[User], None]]


def main() -> int:
    """Measure, print the medians, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="repetitions of each switch, after one warm-up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to this file")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(f"The Visualizer was not measured: {NO_CHROMIUM}.")
        return 0
    times: dict[str, list[float]] = {}
    with serve_dashboard() as address, launch_chromium(chromium) as browser, open_dashboard(browser, address) as user:
        user.go("Visualizer")
        user.page.add_init_script(_CLOCK)
        for number in range(options.rounds + 1):
            for name, action in _iter_switches():
                milliseconds = _measure(user, action)
                if number:  # the first round fills the caches
                    times.setdefault(name, []).append(milliseconds)
        # A page that is opened by its URL makes Streamlit try two server addresses, and one of them fails.
        user.errors.clear()
    print(_format_table(times, options.rounds))
    if options.json:
        options.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
    return 0


def _iter_switches() -> Iterator[Switch]:
    """Yield a reload of the page, then every switch once, each from another view."""
    yield LOAD, lambda user: user.reload()
    for tab in ("Montage", "Explorer", "Leakage", "Maps"):
        yield f"tab {tab}", lambda user, tab=tab: user.open_tab(tab)
    for view in (*VIEWS["Maps"][1:], VIEWS["Maps"][0]):
        yield f"map {view}", lambda user, view=view: user.choose(view)
    for label in ("Pituitary tumour", "No tumour", "Meningioma", "Glioma"):
        yield f"class {label}", lambda user, label=label: user.choose(label)
    for plane in ("Axial", "Coronal", "Sagittal", "All"):
        yield f"plane {plane}", lambda user, plane=plane: user.choose(plane)
    yield "", lambda user: user.open_tab("Explorer")
    for view in (*VIEWS["Explorer"][1:], VIEWS["Explorer"][0]):
        yield f"explorer {view}", lambda user, view=view: user.choose(view)
    yield "", lambda user: user.open_tab("Montage")
    yield "new montage", lambda user: user.page.get_by_role("button", name="New montage").click()
    yield "", lambda user: user.open_tab("Maps")


def _measure(user: User, action: Callable[[User], None]) -> float:
    """Return the milliseconds from the click of an action to the last change of the page."""
    action(user)
    user.settle()
    user.wait_until(_COMPLETE, "the page goes on changing")
    return float(user.page.evaluate("() => window.switches.changed - window.switches.clicked"))


def _format_table(times: dict[str, list[float]], rounds: int) -> str:
    lines = [f"Milliseconds from click to the last change of the page, {rounds} times each:"]
    lines += [f"{'':<24}{'median':>8}{'worst':>8}"]
    for name, values in times.items():
        if name:
            median = statistics.median(values)
            target = LOAD_TARGET if name == LOAD else SWITCH_TARGET
            warning = "" if median < target else f"   NOT under {target:g}"
            lines.append(f"{name:<24}{median:>8.0f}{max(values):>8.0f}{warning}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
