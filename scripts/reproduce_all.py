"""Train and measure everything in `outputs/` again from raw data; takes most of a day.

    python -m scripts.reproduce_all [--dry-run]

A command that fails, for example because initial weights are missing on this machine, is named at the end.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from braintumor.inference.model_card import INT8_FILE, LITERT_FILE
from braintumor.inference.runs import Run, list_run_names
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.settings import Settings, get_settings

_STUDY_FILE = "study.json"


def commands(settings: Settings) -> Iterator[str]:
    """Yield every command in an order in which each finds what it needs.

    Runs of a recipe come after the runs that teach it or that it averages.
    """
    yield from (
        "data fetch",
        "data fetch --masks",
        "data fetch --dataset binary",
        "data audit",
        "data split",
        "explore",
    )
    runs = {Run(name) for name in find_recipes(settings)} | {
        Run.from_name(name) for name in list_run_names(settings.outputs, "card.json")
    }
    ordered = sorted(
        runs, key=lambda run: (_level(run.version, settings), run.version, run.name != run.version, run.name)
    )
    yield from (run.train_command.removeprefix("braintumor ") for run in ordered)
    for file, option in ((LITERT_FILE, "--litert"), (INT8_FILE, "--int8")):
        yield from (f"export {name} {option}" for name in list_run_names(settings.outputs, file))
    yield from (f"stress-test {name}" for name in list_run_names(settings.outputs, _STUDY_FILE))
    yield from ("ablate hypotheses", "ablate v4", "compare")


def _level(version: str, settings: Settings) -> int:
    """Return 0 for a recipe that needs no other run, 1 for one with teachers, 2 for an ensemble."""
    recipe = load_recipe(version, settings)
    return 2 if recipe.members else 1 if recipe.teachers else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the commands, or print them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print the commands and run nothing")
    options = parser.parse_args(arguments)
    failed = []
    program = Path(sys.executable).with_name("braintumor")
    for command in commands(get_settings()):
        print(f"braintumor {command}", flush=True)
        if not options.dry_run and subprocess.run([program, *command.split()], check=False).returncode:
            failed.append(f"braintumor {command}")
    if failed:
        print(f"Failed, for the reasons above: {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
