"""Recipes: the shipped ones are read, and a mistake is named."""

from pathlib import Path

import pytest

from braintumor.enums import Protocol
from braintumor.errors import RecipeError
from braintumor.models.recipe import load_recipe
from braintumor.settings import get_settings


def test_v1_is_the_recipe_of_the_original_project() -> None:
    recipe = load_recipe("v1")
    assert (recipe.input.height, recipe.input.width, recipe.input.channels) == (150, 150, 3)
    assert (recipe.fit.optimizer, recipe.fit.learning_rate, recipe.fit.batch_size) == ("adam", 1e-3, 32)
    assert (recipe.fit.epochs, recipe.fit.passes) == (25, 3)
    assert (recipe.fit.early_stopping_patience, recipe.fit.plateau_patience, recipe.fit.plateau_factor) == (8, 5, 0.3)
    changes = recipe.augmentation
    assert (changes.rotation, changes.shift, changes.shear, changes.zoom) == (30, 0.1, 15, 0.1)
    assert changes.brightness == (0.8, 1.2)
    assert changes.horizontal_flip


def test_an_unknown_version_lists_what_there_is() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'v99' \(available: .*v1"):
        load_recipe("v99")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "is not a recipe"),
        ('title = "x"\narchitecture = "a"\nseed = 1\ninput = {height = 8, width = 64}\nfit = {}', "input.height"),
        ('title = "x"\narchitecture = "../evil"\nseed = 1', "architecture"),
        ('title = "x"\nspeling = 1', "speling|architecture"),
        (
            'title = "x"\narchitecture = "a"\nseed = 1\ninput = {height = 64, width = 64}\nthaw = [[0.5, "b"]]\n'
            "fit = {learning_rate = 1e-3, epochs = 3, averaging = 0.9}",
            "begin anew at each thaw",
        ),
    ],
)
def test_a_mistake_in_a_recipe_is_named(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.toml").write_text(text)
    monkeypatch.setenv("BRAINTUMOR_RECIPES", str(tmp_path))
    get_settings.cache_clear()
    with pytest.raises(RecipeError, match=said):
        load_recipe("bad")


def test_v4_is_its_teacher_but_for_being_taught() -> None:
    taught, teacher = load_recipe("v4"), load_recipe("v4_teacher")
    assert taught.teachers is not None
    assert taught.teachers.versions[0] == "v4_teacher"
    assert taught.model_copy(update={"title": teacher.title, "teachers": None}) == teacher


def test_under_another_protocol_those_teach_that_learnt_under_it() -> None:
    taught = load_recipe("v4").for_protocol(Protocol.OFFICIAL).teachers
    assert taught is not None
    assert taught.versions == ("v4_teacher-official", "v4_teacher-official-seed2", "v4_teacher-official-seed3")
    assert load_recipe("v4").for_protocol(Protocol.GROUP) == load_recipe("v4")
    assert load_recipe("v1").for_protocol(Protocol.OFFICIAL) == load_recipe("v1")


def test_v4_asks_for_a_mask_wherever_it_needs_one_and_for_frames_its_network_can_halve() -> None:
    recipe = load_recipe("v4")
    assert recipe.input.channels == 1
    assert recipe.mask is not None
    assert recipe.composites is not None
    assert recipe.fit.averaging > 0
    sides = [side for _, side in recipe.fit.sizes]
    assert sides == sorted(sides)
    assert all(side % 32 == 0 for side in (*sides, recipe.input.height, recipe.input.width))
    shares = [share for share, _ in recipe.fit.sizes]
    assert shares == sorted(shares)
    assert recipe.composites.planted + recipe.composites.decoys <= 1


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("[composites]\nplanted = 1.5", "composites.planted"),
        ("[fit]\nlearning_rate = 1e-3\nepochs = 3\nsizes = [[0.5, 80]]\n[mask]", "multiples of 32 pixels"),
        ("[appearance]\nblurr = 0.5", "appearance.blurr"),
        ("[mask]\nweight = -1", "mask.weight"),
        ("[fit]\nlearning_rate = 1e-3\nepochs = 3\naveraging = 1.0", "fit.averaging"),
        ("[fit]\nlearning_rate = 1e-3\nepochs = 3\nschedule = 'two_cycles'", "fit.schedule"),
    ],
)
def test_a_mistake_in_what_breaks_the_shortcut_is_named(
    section: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = "" if section.startswith("[fit]") else "[fit]\nlearning_rate = 1e-3\nepochs = 3\n"
    head = 'title = "x"\narchitecture = "a"\nseed = 1\n'
    (tmp_path / "bad.toml").write_text(f"{head}[input]\nheight = 64\nwidth = 64\n{fit}{section}\n")
    monkeypatch.setenv("BRAINTUMOR_RECIPES", str(tmp_path))
    get_settings.cache_clear()
    with pytest.raises(RecipeError, match=said):
        load_recipe("bad")
