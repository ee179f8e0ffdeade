"""Recipes: shipped recipes load, and errors name the field."""

from pathlib import Path

import pytest

from braintumor.enums import Protocol
from braintumor.errors import RecipeError
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.settings import get_settings

RECIPES = (
    "v1 v2 v3 v4 v5 v5-lgg v4_teacher v4-holdout-sartaj xception mobilenet four-block custom-cnn wide-cnn ensemble "
    "binary-vgg16 binary-resnet50 binary-inceptionv3 binary-efficientnetb0 binary-mobilenet binary-mobilenetv3"
)
FIT = "[fit]\nlearning_rate = 1e-3\nepochs = 3\n"


def _write(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the recipe `bad` and make its folder the folder of recipes."""
    (folder / "bad.toml").write_text(text)
    monkeypatch.setenv("BRAINTUMOR_RECIPES", str(folder))
    get_settings.cache_clear()


def test_recipes_are_found_in_subfolders_and_ablations_are_not_recipes() -> None:
    assert set(find_recipes()) == set(RECIPES.split())
    for version in find_recipes():
        assert load_recipe(version).title


def test_v1_is_the_recipe_of_the_original_project() -> None:
    recipe = load_recipe("v1")
    assert (recipe.input.height, recipe.input.width, recipe.input.channels) == (150, 150, 3)
    assert (recipe.fit.optimizer, recipe.fit.learning_rate, recipe.fit.batch_size) == ("adam", 1e-3, 32)
    assert (recipe.fit.epochs, recipe.fit.repeats_per_epoch) == (25, 3)
    assert (recipe.fit.early_stopping_patience, recipe.fit.plateau_patience, recipe.fit.plateau_factor) == (8, 5, 0.3)
    augmentation = recipe.augmentation
    assert (augmentation.rotation, augmentation.shift, augmentation.shear, augmentation.zoom) == (30, 0.1, 15, 0.1)
    assert augmentation.brightness == (0.8, 1.2)
    assert augmentation.horizontal_flip


def test_unknown_version_lists_available_recipes() -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'v99' \(available: .*v1"):
        load_recipe("v99")


@pytest.mark.parametrize("version", ["../v1", "ablations/hypotheses", "hypotheses"])
def test_version_cannot_name_another_file(version: str) -> None:
    with pytest.raises(RecipeError, match="There is no recipe"):
        load_recipe(version)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "is not a valid recipe"),
        ('title = "x"\narchitecture = "a"\nseed = 1\ninput = {height = 8, width = 64}\nfit = {}', "input.height"),
        ('title = "x"\narchitecture = "../evil"\nseed = 1', "architecture"),
        ('title = "x"\nspeling = 1', "speling|architecture"),
        (
            'title = "x"\narchitecture = "a"\nseed = 1\ninput = {height = 64, width = 64}\nunfreeze = [[0.5, "b"]]\n'
            "fit = {learning_rate = 1e-3, epochs = 3, ema_momentum = 0.9}",
            "unfreeze restarts the weight average",
        ),
    ],
)
def test_error_names_the_field(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, text, monkeypatch)
    with pytest.raises(RecipeError, match=message):
        load_recipe("bad")


def test_v4_is_its_teacher_with_distillation() -> None:
    student, teacher = load_recipe("v4"), load_recipe("v4_teacher")
    assert student.teachers is not None
    assert student.teachers.version == "v4_teacher"
    assert student.model_copy(update={"title": teacher.title, "teachers": None}) == teacher


def test_teachers_are_runs_of_the_same_protocol() -> None:
    teachers = load_recipe("v4").teachers
    assert teachers is not None
    assert teachers.run_names(Protocol.OFFICIAL) == tuple(f"runs/v4_teacher/official-seed{seed}" for seed in (1, 2, 3))
    assert teachers.run_names(Protocol.GROUP) == (
        "v4_teacher",
        "runs/v4_teacher/group-seed2",
        "runs/v4_teacher/group-seed3",
    )


def test_v4_has_masks_and_image_sizes_that_its_network_can_halve() -> None:
    recipe = load_recipe("v4")
    assert recipe.input.channels == 1
    assert recipe.mask is not None
    assert recipe.copy_paste is not None
    assert recipe.fit.ema_momentum > 0
    sizes = [size for _, size in recipe.fit.progressive_sizes]
    assert sizes == sorted(sizes)
    assert all(size % 32 == 0 for size in (*sizes, recipe.input.height, recipe.input.width))
    ends = [end for end, _ in recipe.fit.progressive_sizes]
    assert ends == sorted(ends)
    assert recipe.copy_paste.pasted + recipe.copy_paste.distractors <= 1


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("[copy_paste]\npasted = 1.5", "copy_paste.pasted"),
        (f"{FIT}progressive_sizes = [[0.5, 80]]\n[mask]", "multiples of 32 pixels"),
        ("[intensity]\nblurr = 0.5", "intensity.blurr"),
        ("[mask]\nweight = -1", "mask.weight"),
        (f"{FIT}ema_momentum = 1.0", "fit.ema_momentum"),
        (f"{FIT}schedule = 'two_cycles'", "fit.schedule"),
    ],
)
def test_error_names_the_field_of_a_section(
    section: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = "" if section.startswith("[fit]") else FIT
    head = 'title = "x"\narchitecture = "a"\nseed = 1\n'
    _write(tmp_path, f"{head}[input]\nheight = 64\nwidth = 64\n{fit}{section}\n", monkeypatch)
    with pytest.raises(RecipeError, match=message):
        load_recipe("bad")


FOLDS = '[folds]\nepochs = 1\nsources = [["ds000011"], ["btp_t1c", "brats21_t2"]]\n'
ALL_SETS = (
    'title = "x"\ndata = "all"\narchitecture = "tiny"\nseed = 1\n'
    f"[input]\nheight = 64\nwidth = 64\nchannels = 1\n[mask]\n{FIT}"
)


def test_folds_name_the_sources_they_hold_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, ALL_SETS + FOLDS, monkeypatch)
    folds = load_recipe("bad").folds
    assert folds is not None
    assert folds.names == ("ds000011", "btp_t1c", "brats21_t2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ALL_SETS + FOLDS.replace("brats21_t2", "ds000011"), "folds: .*once only, not ds000011 several times"),
        (ALL_SETS.replace('"all"', '"kaggle"') + FOLDS, 'set data = "all"'),
        (ALL_SETS + FOLDS.replace('["ds000011"]', "[]"), r"folds\.sources\.0"),
    ],
)
def test_folds_that_cannot_be_trained_are_rejected(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, text, monkeypatch)
    with pytest.raises(RecipeError, match=message):
        load_recipe("bad")


def test_recipes_without_folds_are_dumped_as_before() -> None:
    recipe = load_recipe("v4-holdout-sartaj")
    dumped = recipe.model_dump(mode="json")
    assert "folds" not in dumped
    assert dumped["holdout_source"] == "sartaj"
    assert recipe.holdout_sources == ("sartaj",)
    assert load_recipe("v4").holdout_sources == ()
