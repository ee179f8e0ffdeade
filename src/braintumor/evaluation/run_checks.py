"""Which runs of the experiments are of the recipes and images at hand, and why the others may not be weighed."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from braintumor.errors import ArtifactError
from braintumor.evaluation.experiments import (
    EXPERIMENTS_FOLDER,
    RUNS_FILE,
    ablation_run_name,
    read_runs,
    run_fingerprint,
)
from braintumor.settings import Settings
from braintumor.training.arms import Ablation
from braintumor.training.data import manifest_for_recipe
from braintumor.vocabulary import Protocol


def stale_runs(ablations: Mapping[str, Ablation], settings: Settings) -> dict[str, str]:
    """Why each run that left answers does not fit, by its name; those that fit, and those never done, are not there.

    A run is known by what was noted of it when it was done: the hash of its recipe, its images with their splits, and
    its teachers. Where any of them changed since, its answers are answers to another question.
    """
    noted, found = read_runs(settings), {}
    for arm in ablations.values():
        manifest = _ablation_manifest(arm, settings)
        for seed in arm.seeds:
            name = ablation_run_name(arm, seed)
            if not (settings.outputs / EXPERIMENTS_FOLDER / f"{name}.csv").is_file():
                continue
            if name not in noted:
                found[name] = f"{RUNS_FILE} says nothing of it, so nobody knows which recipe and images it is of"
            elif noted[name].get("identity") != _expected_fingerprint(arm, seed, manifest, settings):
                found[name] = "it is of another recipe, other images or another split than those at hand"
    return found


def _expected_fingerprint(ablation: Ablation, seed: int, manifest: pd.DataFrame, settings: Settings) -> str | None:
    try:
        return run_fingerprint(ablation.with_seed(seed), manifest, settings)
    except ArtifactError:  # a teacher is gone
        return None


def _ablation_manifest(ablation: Ablation, settings: Settings) -> pd.DataFrame:
    """What an arm learns from."""
    recipe = ablation.recipe
    return manifest_for_recipe(
        Protocol.GROUP, settings, holdout_source=recipe.leave_out, train_fraction=recipe.learn_from
    )


def valid_runs(
    ablations: Mapping[str, Ablation], settings: Settings, command: str
) -> tuple[dict[str, Ablation], list[str]]:
    """The arms with only the seeds whose runs fit, and a sentence for each of the others with what to run."""
    wrong = stale_runs(ablations, settings)
    said = [f"{name}: left out, since {why}. Train it again with: {command}" for name, why in wrong.items()]
    return exclude_runs(ablations, wrong), said


def exclude_runs(ablations: Mapping[str, Ablation], excluded: Collection[str]) -> dict[str, Ablation]:
    """The arms with only the seeds whose runs are not left out."""
    return {
        name: replace(arm, seeds=tuple(seed for seed in arm.seeds if ablation_run_name(arm, seed) not in excluded))
        for name, arm in ablations.items()
    }
