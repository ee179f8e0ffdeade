"""Every committed run can be retrained."""

import pytest

from braintumor.evaluation.reproduce import find_run_spec
from braintumor.inference.model_card import read_card
from braintumor.inference.runs import Run
from braintumor.results.version import list_evaluated_runs
from braintumor.settings import get_settings
from scripts.reproduce_all import commands


def test_every_committed_run_is_retrained_after_its_dependencies() -> None:
    settings = get_settings()
    order = list(commands(settings))
    trained = [f"braintumor {command}" for command in order if command.startswith("train ")]
    assert {Run.from_name(name).train_command for name in list_evaluated_runs(settings)} <= set(trained)
    assert len(trained) == len(set(trained))
    teachers = [trained.index(f"braintumor train v4_teacher{seed}") for seed in ("", " --seed 2", " --seed 3")]
    assert max(teachers) < trained.index("braintumor train v4") < trained.index("braintumor train ensemble")
    for command in ("data fetch --dataset binary", "data audit", "data split", "ablate hypotheses", "compare"):
        assert command in order


@pytest.mark.parametrize("version", list_evaluated_runs(get_settings()))
def test_card_of_a_committed_run_matches_its_folder(version: str) -> None:
    settings = get_settings()
    run = find_run_spec(version, read_card(version, settings), settings)
    assert run.recipe_name == Run.from_name(version).version
