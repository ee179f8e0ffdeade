"""Arms of training experiments: one recipe made quick, and the same with one thing changed, read as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from braintumor.errors import RecipeError
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings

HYPOTHESIS_ABLATIONS_FILE: Final = "experiments/arms.toml"
V4_ABLATIONS_FILE: Final = "experiments/flagship.toml"


@dataclass(frozen=True, slots=True)
class Ablation:
    """One way of training, run with several seeds."""

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]

    def with_seed(self, seed: int) -> Recipe:
        """The recipe with a seed."""
        return self.recipe.model_copy(update={"seed": seed})


def load_ablations(settings: Settings, file: str = HYPOTHESIS_ABLATIONS_FILE) -> dict[str, Ablation]:
    """Every arm of a file in `recipes` by its name; by default those behind the hypotheses.

    Raises
    ------
    RecipeError
        The file is missing, or an arm makes no sense; the message names it.
    """
    path = settings.recipes / file
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        base = load_recipe(said["base"], settings).model_dump()
        arms = {}
        for name, changes in said["arms"].items():
            seeds = tuple(changes.pop("seeds"))
            arms[name] = Ablation(name, Recipe(**_apply_changes(_apply_changes(base, said["quick"]), changes)), seeds)
    except FileNotFoundError:
        raise RecipeError(f"There are no experiments: recipes/{file} is absent.") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"recipes/{file} makes no sense: {error}") from error
    return arms


def _apply_changes(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Base with some fields replaced; a table replaces only the fields it names."""
    found = dict(base)
    for key, value in changes.items():
        found[key] = _apply_changes(found.get(key) or {}, value) if isinstance(value, Mapping) else value
    return found
