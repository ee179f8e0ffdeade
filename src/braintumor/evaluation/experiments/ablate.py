"""Run an ablation study: train what is missing, and analyse all valid runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.ablation_study import analyze_ablations
from braintumor.evaluation.experiments.config import ABLATION_FILES, Ablation, load_ablations
from braintumor.evaluation.experiments.hypothesis_tests import analyze_hypotheses
from braintumor.evaluation.experiments.runs import run_ablations, valid_runs
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.settings import Settings, get_settings

Analysis = Callable[[Mapping[str, Ablation], Settings, int], Iterator[str]]

_ANALYSES: Final[dict[str, Analysis]] = {"hypotheses": analyze_hypotheses, "v4": analyze_ablations}


def ablate(
    study: str,
    names: Sequence[str] = (),
    settings: Settings | None = None,
    *,
    no_train: bool = False,
    replicates: int = REPLICATES,
) -> Iterator[str]:
    """Train the ablations of a study, analyse their runs, and write `outputs/experiments`.

    Parameters
    ----------
    study : {"hypotheses", "v4"}
    names : sequence of str
        Ablations to train; all by default. The analysis always covers all runs.
    no_train : bool
        Analyse existing runs only. Runs of other recipes or images are named and skipped.

    Yields
    ------
    str
        One line per run, then the results.

    Raises
    ------
    RecipeError
        The study or an ablation does not exist.
    """
    settings = settings or get_settings()
    ablations = load_ablations(study, settings)
    for name in names:
        if name not in ablations:
            raise RecipeError(
                f"There is no ablation {name!r} in recipes/{ABLATION_FILES[study]}. "
                f"Choose from: {', '.join(ablations)}."
            )
    if not no_train:
        yield from run_ablations({name: ablations[name] for name in names or ablations}, settings)
    ablations, messages = valid_runs(ablations, settings, f"braintumor ablate {study}")
    yield from messages
    yield from _ANALYSES[study](ablations, settings, replicates)
