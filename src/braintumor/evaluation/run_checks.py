"""Which runs of the experiments are of the recipes and images at hand, and why the others may not be weighed."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from braintumor.errors import ArtifactError
from braintumor.evaluation.experiments import FOLDER_OF_RUNS, RUNS, read_runs, run_identity, run_name
from braintumor.settings import Settings
from braintumor.training.arms import Arm
from braintumor.training.data import dealt_manifest
from braintumor.vocabulary import Protocol


def misfits(arms: Mapping[str, Arm], settings: Settings) -> dict[str, str]:
    """Why each run that left answers does not fit, by its name; those that fit, and those never done, are not there.

    A run is known by what was noted of it when it was done: the hash of its recipe, its images with their splits, and
    its teachers. Where any of them changed since, its answers are answers to another question.
    """
    noted, found = read_runs(settings), {}
    for arm in arms.values():
        manifest = _manifest_of(arm, settings)
        for seed in arm.seeds:
            name = run_name(arm, seed)
            if not (settings.outputs / FOLDER_OF_RUNS / f"{name}.csv").is_file():
                continue
            if name not in noted:
                found[name] = f"{RUNS} says nothing of it, so nobody knows which recipe and images it is of"
            elif noted[name].get("identity") != _identity(arm, seed, manifest, settings):
                found[name] = "it is of another recipe, other images or another split than those at hand"
    return found


def _identity(arm: Arm, seed: int, manifest: pd.DataFrame, settings: Settings) -> str | None:
    try:
        return run_identity(arm.seeded(seed), manifest, settings)
    except ArtifactError:  # a teacher is gone
        return None


def _manifest_of(arm: Arm, settings: Settings) -> pd.DataFrame:
    """What an arm learns from."""
    recipe = arm.recipe
    return dealt_manifest(Protocol.GROUP, settings, leave_out=recipe.leave_out, learn_from=recipe.learn_from)


def fitting(arms: Mapping[str, Arm], settings: Settings, command: str) -> tuple[dict[str, Arm], list[str]]:
    """The arms with only the seeds whose runs fit, and a sentence for each of the others with what to run."""
    wrong = misfits(arms, settings)
    said = [f"{name}: left out, since {why}. Train it again with: {command}" for name, why in wrong.items()]
    return without(arms, wrong), said


def without(arms: Mapping[str, Arm], left_out: Collection[str]) -> dict[str, Arm]:
    """The arms with only the seeds whose runs are not left out."""
    return {
        name: replace(arm, seeds=tuple(seed for seed in arm.seeds if run_name(arm, seed) not in left_out))
        for name, arm in arms.items()
    }
