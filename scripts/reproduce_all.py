"""Retrain and re-evaluate everything in `outputs/` from raw data; takes most of a day.

    python -m scripts.reproduce_all [--dry-run]

Failed commands are listed at the end. A command fails, for example, if initial weights are missing on this machine.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from braintumor.inference.model_card import INT8_FILE, LITERT_FILE
from braintumor.inference.runs import Run, list_run_names
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.results.stress_test import STRESS_TEST_FILE
from braintumor.settings import Settings, get_settings


def commands(settings: Settings) -> Iterator[str]:
    """Yield every command, each after the commands it depends on.

    A recipe is trained after its teachers and its ensemble members.
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
    yield from dict.fromkeys(run.train_command.removeprefix("braintumor ") for run in ordered)
    for file, option in ((LITERT_FILE, "--litert"), (INT8_FILE, "--int8")):
        yield from (f"export {name} {option}" for name in list_run_names(settings.outputs, file))
    yield from (f"stress-test {name}" for name in list_run_names(settings.outputs, STRESS_TEST_FILE))
    yield from ("ablate hypotheses", "ablate v4", "compare")


def _level(version: str, settings: Settings) -> int:
    """Return 0 for a recipe that needs no other run, 1 for one with teachers, 2 for an ensemble."""
    recipe = load_recipe(version, settings)
    return 2 if recipe.members else 1 if recipe.teachers else 0


def main(arguments: list[str] | None = None) -> int:
    """Run or print the commands and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print the commands without running them")
    options = parser.parse_args(arguments)
    failed = []
    program = Path(sys.executable).with_name("braintumor")
    for command in commands(get_settings()):
        print(f"braintumor {command}", flush=True)
        if not options.dry_run and subprocess.run([program, *command.split()], check=False).returncode:
            failed.append(f"braintumor {command}")
    if failed:
        print(f"Failed commands (errors above): {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
