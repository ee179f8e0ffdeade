"""Recipe of a fold: its sources are held out, and nothing that has learned from them takes part."""

import json

import pytest

from braintumor.errors import RecipeError
from braintumor.models.recipe import FitRecipe, Recipe, TeachersRecipe
from braintumor.models.recipe_fields import FoldsRecipe
from braintumor.settings import Settings
from braintumor.training.folds import fold_recipe
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.training_data import ALL_SETS_RECIPE

RECIPE = ALL_SETS_RECIPE.model_copy(
    update={
        "fit": FitRecipe(learning_rate=0.1, epochs=28),
        "teachers": TeachersRecipe(version="teacher", seeds=(1,)),
        "folds": FoldsRecipe(sources=(("ds000011", "brats21_t2"), ("btp_t1c",)), epochs=9),
    }
)


def test_fold_is_shorter_and_has_no_teachers(workspace: Settings) -> None:
    recipe = fold_recipe(RECIPE, 1, workspace)
    assert recipe.holdout_sources == ("ds000011", "brats21_t2")
    assert recipe.fit.epochs == 9
    assert recipe.teachers is None
    assert Recipe(**json.loads(recipe.model_dump_json())) == recipe


@pytest.mark.parametrize("fold", [0, 3])
def test_unknown_fold_is_rejected(fold: int, workspace: Settings) -> None:
    with pytest.raises(RecipeError, match=f"no fold {fold}"):
        fold_recipe(RECIPE, fold, workspace)


def test_initial_weights_must_not_know_the_sources_of_the_fold(workspace: Settings) -> None:
    recipe = RECIPE.model_copy(update={"weights": "v4"})
    (workspace.outputs / "v4").mkdir()
    card = MINIMAL_CARD | {"version": "v4", "data": {"licences": {"btp_t1c": "CC-BY-3.0"}}}
    (workspace.outputs / "v4" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    assert fold_recipe(recipe, 1, workspace).weights == "v4"
    with pytest.raises(RecipeError, match=r"v4, .*has learned from btp_t1c"):
        fold_recipe(recipe, 2, workspace)
