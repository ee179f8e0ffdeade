"""Compare a fresh evaluation of a model with its stored metrics, without writing either."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from braintumor.errors import ArtifactError
from braintumor.evaluation.evaluate import evaluate
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.results.metric import Metrics, parse_metrics
from braintumor.settings import Settings, get_settings
from braintumor.text import pluralize

# Metrics that are not shares of scans, by the part of their name before `@` and `/`.
_PLAIN_METRICS: Final = ("loss", "ece", "brier", "aurc", "set_size", "roc_auc", "pr_auc")


def diff_evaluation(
    version: str,
    settings: Settings | None = None,
    *,
    replicates: int = REPLICATES,
    skip_train_split: bool = False,
) -> str:
    """Evaluate a model again in a temporary folder and list every metric that differs from `evaluation.json`.

    Returns
    -------
    str
        One line per changed metric with the stored and the new value and their intervals, or
        "No metric changed." with the number of metrics compared.

    Raises
    ------
    ArtifactError
        The model was not evaluated yet.
    DatasetError
        See `braintumor.evaluation.evaluate.evaluate`.
    """
    settings = settings or get_settings()
    stored = _read_evaluation(settings.outputs / version, version)
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        copy = settings.model_copy(update={"outputs": Path(folder)})
        _link_outputs(settings.outputs, copy.outputs, version)
        evaluate(version, copy, replicates, skip_train_split=skip_train_split)
        fresh = _read_evaluation(copy.outputs / version, version)
    # The training split may be skipped, and the split `external` is measured by `braintumor stress-test`.
    stored = {split: entries for split, entries in stored.items() if split in fresh}
    return summarize_differences(version, stored, fresh)


def summarize_differences(version: str, stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> str:
    """List the metrics that differ between two evaluations, each a mapping of splits to metric entries."""
    lines = [
        line
        for split in dict.fromkeys([*stored, *fresh])
        for line in _iter_differences(split, stored.get(split, {}), fresh.get(split, {}))
    ]
    count = sum(len(entries) for entries in stored.values())
    if not lines:
        return f"{version}: no metric changed ({pluralize(count, 'metric')} compared)."
    changed = f"{version}: {pluralize(len(lines), 'metric')} of {count} changed."
    return "\n".join([changed, *lines])


def _read_evaluation(folder: Path, version: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / EVALUATION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{version} has no readable {EVALUATION_FILE} to compare with. Write it with: braintumor evaluate {version}"
        ) from error
    return content


def _link_outputs(outputs: Path, target: Path, version: str) -> None:
    """Copy the folder of a model, and link everything else that its evaluation may read."""
    shutil.copytree(outputs / version, target / version)
    for path in outputs.iterdir():
        if not (target / path.name).exists():
            (target / path.name).symlink_to(path.resolve())


def _iter_differences(split: str, stored: Mapping[str, Any], fresh: Mapping[str, Any]) -> Iterator[str]:
    before, after = parse_metrics(stored), parse_metrics(fresh)
    for name in dict.fromkeys([*stored, *fresh]):
        if stored.get(name) != fresh.get(name):
            yield f"{split} {name}: {_describe(before, name)} -> {_describe(after, name)}"


def _describe(metrics: Metrics, name: str) -> str:
    if name not in metrics:
        return "none"
    is_plain = name.split("@", maxsplit=1)[0].split("/", maxsplit=1)[0] in _PLAIN_METRICS
    return metrics[name].describe("plain" if is_plain else "percent")
