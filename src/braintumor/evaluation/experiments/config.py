"""Ablations read from TOML: a shortened recipe, and variants of it with one change each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from braintumor.errors import RecipeError
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings

# File in `recipes/` of each ablation study.
ABLATION_FILES: Final = {"hypotheses": "ablations/hypotheses.toml", "v4": "ablations/v4_recipe.toml"}
BASELINE: Final = "baseline"


@dataclass(frozen=True, slots=True)
class Ablation:
    """A recipe that is trained with several seeds."""

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]

    def with_seed(self, seed: int) -> Recipe:
        """Return the recipe with a seed."""
        return self.recipe.model_copy(update={"seed": seed})

    def run_name(self, seed: int) -> str:
        """Return the name of the run with a seed, which is also the name of its file."""
        return f"{self.name}-seed{seed}"


def load_ablations(study: str, settings: Settings) -> dict[str, Ablation]:
    """Load the ablations of a study by name.

    Parameters
    ----------
    study : str
        A key of `ABLATION_FILES`.

    Raises
    ------
    RecipeError
        The file is missing or invalid, or the study does not exist.
    """
    if study not in ABLATION_FILES:
        raise RecipeError(f"There is no ablation study {study!r}. Choose one of: {', '.join(ABLATION_FILES)}.")
    file = ABLATION_FILES[study]
    try:
        content = tomllib.loads((settings.recipes / file).read_text(encoding="utf-8"))
        base = load_recipe(content["base"], settings).model_dump()
        ablations = {}
        for name, changes in content["ablations"].items():
            seeds = tuple(changes.pop("seeds"))
            recipe = Recipe(**_apply_changes(_apply_changes(base, content["quick"]), changes))
            ablations[name] = Ablation(name, recipe, seeds)
    except FileNotFoundError:
        raise RecipeError(f"recipes/{file} is missing. Restore it with: git checkout -- recipes") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"recipes/{file} is invalid: {error}") from error
    return ablations


def _apply_changes(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Replace some fields; a table replaces only the fields it names."""
    changed = dict(base)
    for key, value in changes.items():
        changed[key] = _apply_changes(changed.get(key) or {}, value) if isinstance(value, Mapping) else value
    return changed
