"""Arms of the experiments: the base made quick, one thing changed, and mistakes named."""

from pathlib import Path

import pytest

from braintumor.enums import Protocol
from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.ablations import ablation_run_name, read_runs, run_fingerprint
from braintumor.evaluation.experiments.config import V4_ABLATIONS_FILE, load_ablations
from braintumor.settings import Settings, get_settings
from braintumor.training.data import manifest_with_split


def test_every_arm_differs_from_the_whole_in_one_thing_only() -> None:
    arms = load_ablations(get_settings())
    whole = arms.pop("whole").recipe.model_dump()
    changed = {
        name: {key for key, value in arm.recipe.model_dump().items() if value != whole[key]}
        for name, arm in arms.items()
    }
    assert changed["without_masks"] == {"mask"}
    assert changed["without_augmentation"] == {"augmentation", "appearance"}
    assert {name for name, keys in changed.items() if keys == {"learn_from", "fit"}} == {
        "a_half",
        "a_quarter",
        "a_tenth",
    }


def test_fewer_groups_are_shown_as_often_as_makes_up_for_it() -> None:
    for arm in load_ablations(get_settings()).values():
        assert arm.recipe.learn_from * arm.recipe.fit.passes == pytest.approx(1.0)


def test_ways_to_train_the_flagship_are_held_against_the_runs_there_are_and_differ_in_one_thing() -> None:
    settings = get_settings()
    arms = load_ablations(settings, V4_ABLATIONS_FILE)
    whole = arms.pop("whole")
    assert whole == load_ablations(settings)["whole"]
    assert arms["distilled"].recipe.model_copy(update={"teachers": None}) == whole.recipe
    for arm in arms.values():
        assert len([key for key, value in arm.recipe if value != getattr(whole.recipe, key)]) == 1, arm.name
        assert set(arm.seeds) <= set(whole.seeds)


def test_an_arm_is_seeded() -> None:
    arm = load_ablations(get_settings())["whole"]
    assert [arm.with_seed(seed).seed for seed in arm.seeds] == [1, 2, 3]


def test_runs_that_are_kept_are_runs_of_the_recipes_as_they_are() -> None:
    settings = get_settings()
    manifest = manifest_with_split(Protocol.GROUP, settings)
    runs = read_runs(settings)
    for arm in load_ablations(settings).values():
        if arm.recipe.learn_from == 1:
            for seed in arm.seeds:
                known = runs[ablation_run_name(arm, seed)]["identity"]
                assert known == run_fingerprint(arm.with_seed(seed), manifest, settings), arm.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is absent"),
        ("base = 'v9'\n[quick]\n[arms]\n", "no recipe 'v9'"),
        ("base = 'small'\n[quick]\n[arms.x]\nseeds = [1]\nepoch = 3\n", "makes no sense"),
        ("base = 'small'\n", "makes no sense"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "small.toml").write_text(
        "title = 'x'\narchitecture = 'plain_cnn'\nseed = 1\n[input]\nheight = 64\nwidth = 64\n"
        "[fit]\nlearning_rate = 0.001\nepochs = 1\n"
    )
    if text is not None:
        (tmp_path / "experiments" / "arms.toml").write_text(text)
    with pytest.raises(RecipeError, match=said):
        load_ablations(Settings(recipes=tmp_path))
