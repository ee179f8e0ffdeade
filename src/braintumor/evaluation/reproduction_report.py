"""Compare a retrained model with the committed one row by row, within stated tolerances."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.inference.model_card import KERAS_FILE, MODEL_FILE, ModelCard, read_card
from braintumor.inference.runs import Run
from braintumor.models.recipe import Recipe
from braintumor.results.metric import Metrics
from braintumor.results.seeds import read_seed_reports, seed_spread
from braintumor.results.version import VersionReport, read_version_report
from braintumor.settings import Settings
from braintumor.text import join_words

REPRODUCED_METRICS: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc")
# Tolerance of the comparison. Other machines and libraries round differently, and training amplifies this to about the
# difference between two seeds. Of repeated runs, 95% of pairs differ by less than 2.8 standard deviations (ISO 5725-6,
# reproducibility limit). With fewer than three seeds the standard deviation is unknown; then the tolerance is four
# points, about the difference between two seeds of v4_teacher in its most variable metric. It is at least one point,
# because a few seeds can agree by chance.
REPRODUCIBILITY_FACTOR: Final = 2.8
MIN_SEEDS: Final = 3
DEFAULT_TOLERANCE: Final = 0.04
MIN_TOLERANCE: Final = 0.01
NO_TOLERANCE: Final = "none"


@dataclass(frozen=True, slots=True)
class ReproductionRow:
    """One compared quantity; `within_tolerance` is None if it is only reported."""

    name: str
    committed: str
    reproduced: str
    tolerance: str = ""
    within_tolerance: bool | None = None


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Result of comparing a model with its retrained copy."""

    version: str
    rows: tuple[ReproductionRow, ...]
    identical: bool = False

    @property
    def matches(self) -> bool:
        """Whether no checked row is outside its tolerance."""
        return all(row.within_tolerance is not False for row in self.rows)

    @property
    def verdict(self) -> str:
        """Conclusion in one sentence."""
        if not self.matches:
            differences = [
                f"{row.name} ({_describe_difference(row)})" for row in self.rows if row.within_tolerance is False
            ]
            return f"{self.version} is NOT reproduced. Differences: {join_words(differences)}."
        qualifier = "with identical weights" if self.identical else "with other weights, all metrics within tolerance"
        return f"{self.version} is reproduced: the same images, split, recipe and parameters, {qualifier}."

    def __str__(self) -> str:
        header = ("", "committed", "retrained", "allowed", "")
        status = {True: "matches", False: "DIFFERS", None: ""}
        cells = [
            header,
            *(
                (row.name, row.committed, row.reproduced, row.tolerance, status[row.within_tolerance])
                for row in self.rows
            ),
        ]
        widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
        lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
        return "\n".join([*(line.rstrip() for line in lines), "", self.verdict])


def _describe_difference(row: ReproductionRow) -> str:
    if not (row.committed and row.reproduced):  # only one of the two is known
        return row.committed or row.reproduced
    allowed = "" if row.tolerance == NO_TOLERANCE else f", {row.tolerance} allowed"
    return f"{row.committed} committed, {row.reproduced} now{allowed}"


def compare_reproduction(version: str, settings: Settings, outputs: Path) -> Reproduction:
    """Compare `outputs/<version>` with the same model in another outputs folder.

    Raises
    ------
    ArtifactError
        One of the two has no card or no evaluation.
    """
    committed, reproduced = (
        read_version_report(version, settings),
        read_version_report(version, settings.model_copy(update={"outputs": outputs})),
    )
    for report in (committed, reproduced):
        if not (report.card and report.evaluation):
            raise ArtifactError(
                f"Cannot compare {report.folder.parent.name}/{version}: "
                f"{join_words(report.missing_files) or 'its evaluation'} is missing. "
                f"Create it with: {committed.train_command}"
            )
    cards = [read_card(version, settings), read_card(version, settings.model_copy(update={"outputs": outputs}))]
    weights, identical = _compare_weights(committed, reproduced, cards)
    return Reproduction(
        version,
        (
            *iter_data_rows(cards[0], settings, outputs, cards[1].data.fingerprint),
            _integrity_row(committed, cards[0]),
            *_iter_training_rows(committed, reproduced, cards),
            *_iter_metric_rows(version, settings, committed.evaluation, reproduced.evaluation),
            weights,
        ),
        identical,
    )


def iter_data_rows(card: ModelCard, settings: Settings, outputs: Path, fingerprint: str) -> Iterator[ReproductionRow]:
    """Compare manifest and fingerprint of the data: images, groups and splits must be identical."""
    if Recipe(**card.recipe).data == "kaggle":
        hashes = [_file_hash(folder / "dataset" / "manifest.csv") for folder in (settings.outputs, outputs)]
        yield _equality_row("manifest", *hashes)
    yield _equality_row("data fingerprint", card.data.fingerprint[:12], str(fingerprint)[:12])


def _file_hash(path: Path) -> str:
    return sha256_file(path)[:12] if path.is_file() else "absent"


def _equality_row(name: str, committed: object, reproduced: object) -> ReproductionRow:
    return ReproductionRow(name, str(committed), str(reproduced), NO_TOLERANCE, committed == reproduced)


def _integrity_row(committed: VersionReport, card: ModelCard) -> ReproductionRow:
    """Check that the committed files are those listed in the committed card."""
    listed_files = card.files
    available = {name: committed.folder / name for name in listed_files if (committed.folder / name).is_file()}
    altered = sorted(name for name, path in available.items() if sha256_file(path) != listed_files[name])
    return ReproductionRow(
        "files in the card", f"{join_words(altered)} altered" if altered else "unaltered", "", NO_TOLERANCE, not altered
    )


def _iter_training_rows(
    committed: VersionReport, reproduced: VersionReport, cards: Sequence[ModelCard]
) -> Iterator[ReproductionRow]:
    recipes = [Recipe(**card.recipe) for card in cards]
    yield ReproductionRow("recipe", "", _describe_recipe_changes(*recipes), NO_TOLERANCE, recipes[0] == recipes[1])
    yield _equality_row("parameters", *(card.parameters for card in cards))
    epochs = [len(report.history) for report in (committed, reproduced)]
    # One better epoch shifts early stopping by up to its patience.
    tolerance = recipes[0].fit.early_stopping_patience
    yield ReproductionRow(
        "epochs", str(epochs[0]), str(epochs[1]), str(tolerance), abs(epochs[0] - epochs[1]) <= tolerance
    )
    seconds = [f"{card.training.seconds or 0:,.0f}" for card in cards]
    yield ReproductionRow("seconds of training", seconds[0], seconds[1])
    libraries = [card.libraries for card in cards]
    changed = [name for name in libraries[0] if libraries[0][name] != libraries[1].get(name)]
    versions = [", ".join(f"{name} {installed.get(name, 'absent')}" for name in changed) for installed in libraries]
    yield ReproductionRow("libraries", versions[0] or "the same", versions[1] or "the same")


def _describe_recipe_changes(committed: Recipe, reproduced: Recipe) -> str:
    before, after = committed.model_dump(mode="json"), reproduced.model_dump(mode="json")
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return f"{join_words(changed)} changed" if changed else "the same"


def _iter_metric_rows(
    version: str, settings: Settings, committed: dict[str, Metrics], reproduced: dict[str, Metrics]
) -> Iterator[ReproductionRow]:
    split = str(Split.TEST)
    for name in REPRODUCED_METRICS:
        if name not in committed.get(split, {}):
            continue
        value, tolerance = committed[split][name].value, metric_tolerance(version, name, settings)
        reproduced_metric = reproduced.get(split, {}).get(name)
        matches = reproduced_metric is not None and abs(reproduced_metric.value - value) <= tolerance
        text = "absent" if reproduced_metric is None else f"{reproduced_metric.value:.4f}"
        yield ReproductionRow(
            f"test {name}".replace("_", " "), f"{value:.4f}", text, f"{tolerance:.4f}", within_tolerance=matches
        )


def metric_tolerance(version: str, metric: str, settings: Settings) -> float:
    """Compute the tolerance of a test metric; see the comment at `REPRODUCIBILITY_FACTOR`."""
    spread = seed_spread(read_seed_reports(Run.from_name(version).version, settings), str(Split.TEST), metric)
    if spread is None or len(spread.values) < MIN_SEEDS:
        return DEFAULT_TOLERANCE
    return max(MIN_TOLERANCE, REPRODUCIBILITY_FACTOR * spread.std)


def _compare_weights(
    committed: VersionReport, reproduced: VersionReport, cards: Sequence[ModelCard]
) -> tuple[ReproductionRow, bool]:
    """Compare the weights bit by bit."""
    files = [report.folder / KERAS_FILE for report in (committed, reproduced)]
    if all(file.is_file() for file in files):
        from braintumor.models.builder import load_keras_model

        first, second = (load_keras_model(file).get_weights() for file in files)
        if [a.shape for a in first] != [b.shape for b in second]:
            return ReproductionRow("weights", "", "other shapes", NO_TOLERANCE, within_tolerance=False), False
        difference = max(
            (float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True) if a.size), default=0.0
        )
        same = all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
        return ReproductionRow("weights", "", "identical" if same else f"differ by up to {difference:.2g}"), same
    if cards[0].members:  # of an ensemble
        members = [
            [(member.version, member.sha256, member.weight, member.temperature) for member in card.members]
            for card in cards
        ]
        same = members[0] == members[1]
        return ReproductionRow("members and their weights", "", "identical" if same else "different"), same
    graphs = [_file_hash(report.folder / MODEL_FILE) for report in (committed, reproduced)]
    same = graphs[0] == graphs[1] != "absent"
    return ReproductionRow(MODEL_FILE, graphs[0], graphs[1]), same
