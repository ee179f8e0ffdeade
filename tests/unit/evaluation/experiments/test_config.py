"""Ablations change one thing each, and configuration errors are reported."""

from pathlib import Path

import pytest

from braintumor.enums import Protocol
from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.config import load_ablations
from braintumor.evaluation.experiments.runs import read_runs, run_fingerprint
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import manifest_with_split


def test_hypothesis_ablations_change_one_thing_each() -> None:
    ablations = load_ablations("hypotheses", get_settings())
    baseline = ablations.pop("baseline").recipe.model_dump()
    changed = {
        name: {key for key, value in ablation.recipe.model_dump().items() if value != baseline[key]}
        for name, ablation in ablations.items()
    }
    assert changed["without_masks"] == {"mask"}
    assert changed["without_augmentation"] == {"augmentation", "intensity"}
    assert {name for name, keys in changed.items() if keys == {"train_fraction", "fit"}} == {
        "train_50pct",
        "train_25pct",
        "train_10pct",
    }


def test_smaller_training_sets_are_repeated_to_the_same_size() -> None:
    for ablation in load_ablations("hypotheses", get_settings()).values():
        assert ablation.recipe.train_fraction * ablation.recipe.fit.repeats_per_epoch == pytest.approx(1.0)


def test_v4_ablations_share_the_baseline_and_change_one_thing_each() -> None:
    settings = get_settings()
    ablations = load_ablations("v4", settings)
    baseline = ablations.pop("baseline")
    assert baseline == load_ablations("hypotheses", settings)["baseline"]
    assert ablations["distilled"].recipe.model_copy(update={"teachers": None}) == baseline.recipe
    for ablation in ablations.values():
        assert len([key for key, value in ablation.recipe if value != getattr(baseline.recipe, key)]) == 1, (
            ablation.name
        )
        assert set(ablation.seeds) <= set(baseline.seeds)


def test_recipe_takes_the_seed() -> None:
    ablation = load_ablations("hypotheses", get_settings())["baseline"]
    assert [ablation.with_seed(seed).seed for seed in ablation.seeds] == [1, 2, 3]


def test_committed_runs_match_their_recipes() -> None:
    settings = get_settings()
    manifest = manifest_with_split(Protocol.GROUP, settings)
    runs = read_runs(settings)
    for ablation in load_ablations("hypotheses", settings).values():
        if ablation.recipe.train_fraction == 1:
            for seed in ablation.seeds:
                identity = runs[ablation.run_name(seed)]["identity"]
                assert identity == run_fingerprint(ablation.with_seed(seed), manifest, settings), ablation.name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "hypotheses.toml is missing"),
        ("base = 'v9'\n[quick]\n[ablations]\n", "recipe 'v9'"),
        ("base = 'small'\n[quick]\n[ablations.x]\nseeds = [1]\nepoch = 3\n", "is invalid"),
        ("base = 'small'\n", "is invalid"),
    ],
)
def test_configuration_error_is_reported(tmp_path: Path, text: str | None, message: str) -> None:
    (tmp_path / "ablations").mkdir()
    (tmp_path / "small.toml").write_text(
        "title = 'x'\narchitecture = 'plain_cnn'\nseed = 1\n[input]\nheight = 64\nwidth = 64\n"
        "[fit]\nlearning_rate = 0.001\nepochs = 1\n"
    )
    if text is not None:
        (tmp_path / "ablations" / "hypotheses.toml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_ablations("hypotheses", Settings(recipes=tmp_path))


def test_unknown_study_is_reported() -> None:
    with pytest.raises(RecipeError, match=r"no ablation study 'v9'.*hypotheses, v4"):
        load_ablations("v9", get_settings())
