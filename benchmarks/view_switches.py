"""Time of every switch on the Visualizer, from the click to the last change of the page: part of `make bench`.

Measured within Chromium: the clock starts when the pointer goes down on the page and stops at the last change of its
content, or the last picture to come, as the page itself saw them. Nothing fails on a time: machines differ, and so do
moments. Alone: `.venv/bin/python benchmarks/view_switches.py`.
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

BAR: Final = 500.0  # milliseconds
LOAD: Final = "page, loaded anew"
LOAD_BAR: Final = 1000.0
ROUNDS: Final = 5
# Milliseconds without a change after which a page counts as complete.
QUIET: Final = 400
_CLOCK: Final = """
(() => {
  const seen = window.switches = {clicked: 0, changed: 0};
  const now = () => { seen.changed = performance.now(); };
  document.addEventListener("pointerdown", () => { seen.clicked = seen.changed = performance.now(); }, true);
  document.addEventListener("load", now, true);
  // What lies within a canvas is for screen readers only, and tables write it there at leisure.
  const shown = change => !(change.type == "childList" && change.target.closest?.("canvas"));
  new MutationObserver(changes => changes.some(shown) && now()).observe(
    document, {subtree: true, childList: true, attributes: true, characterData: true});
})()
"""
_COMPLETE: Final = f"() => performance.now() - window.switches.changed > {QUIET}"
Switch = tuple[str, Callable[[User], None]]


def main() -> int:
    """Print a table of medians; 0 when done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each switch is made, after one warm-up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(f"Views were not timed: {NO_CHROMIUM}.")
        return 0
    times: dict[str, list[float]] = {}
    with serve_dashboard() as address, launch_chromium(chromium) as browser, open_dashboard(browser, address) as user:
        user.go("Visualizer")
        user.page.add_init_script(_CLOCK)
        for number in range(options.rounds + 1):
            for name, act in _switches():
                took = _timed(user, act)
                if number:  # the first round fills the caches
                    times.setdefault(name, []).append(took)
        # Loaded by its own address, a page makes Streamlit look for its server in two places; nothing here is a test.
        user.errors.clear()
    print(_table(times, options.rounds))
    if options.json:
        options.json.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")
    return 0


def _switches() -> Iterator[Switch]:
    """Every switch once, each from another place than it leads to; first the page itself, loaded anew."""
    yield LOAD, lambda user: user.reload()
    for tab in ("Montage", "Explorer", "Leakage", "Maps"):
        yield f"tab {tab}", lambda user, tab=tab: user.open_tab(tab)
    for view in (*VIEWS["Maps"][1:], VIEWS["Maps"][0]):
        yield f"map {view}", lambda user, view=view: user.choose(view)
    for label in ("Pituitary", "No tumour", "Meningioma", "Glioma"):
        yield f"class {label}", lambda user, label=label: user.choose(label)
    for plane in ("Axial", "Coronal", "Sagittal", "All"):
        yield f"plane {plane}", lambda user, plane=plane: user.choose(plane)
    yield "", lambda user: user.open_tab("Explorer")
    for view in (*VIEWS["Explorer"][1:], VIEWS["Explorer"][0]):
        yield f"explorer {view}", lambda user, view=view: user.choose(view)
    yield "", lambda user: user.open_tab("Montage")
    yield "new montage", lambda user: user.page.get_by_role("button", name="New montage").click()
    yield "", lambda user: user.open_tab("Maps")


def _timed(user: User, act: Callable[[User], None]) -> float:
    """Milliseconds from the click that an act makes to the last change it brings about."""
    act(user)
    user.settle()
    user.page.wait_for_function(_COMPLETE)
    return float(user.page.evaluate("() => window.switches.changed - window.switches.clicked"))


def _table(times: dict[str, list[float]], rounds: int) -> str:
    lines = [f"Milliseconds from click to the last change of the page, {rounds} times each:"]
    lines += [f"{'':<24}{'median':>8}{'worst':>8}"]
    for name, values in times.items():
        if name:
            median = statistics.median(values)
            bar = LOAD_BAR if name == LOAD else BAR
            missed = "" if median < bar else f"   NOT under {bar:g}"
            lines.append(f"{name:<24}{median:>8.0f}{max(values):>8.0f}{missed}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
