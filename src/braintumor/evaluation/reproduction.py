"""Reproduction: a version made again held against the committed one, row by row, within a stated tolerance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file
from braintumor.inference.model_card import ModelCard, read_card
from braintumor.inference.runs import Run
from braintumor.models.recipe import Recipe
from braintumor.results.metric import Metrics
from braintumor.results.seeds import read_seed_reports, seed_spread
from braintumor.results.version import VersionReport, read_version_report
from braintumor.settings import Settings
from braintumor.text import join_words

REPRODUCED_METRICS: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc")
# The tolerance, stated here and nowhere else. On another machine or with other libraries sums are rounded otherwise,
# and a training that rounds otherwise drifts as far as one from another seed. Of two runs of one kind, 95 in 100 pairs
# differ by less than 2.8 standard deviations (ISO 5725-6, the reproducibility limit). Where fewer than three seeds were
# measured that deviation is unknown: then it is four points, about what two seeds of v4_teacher differ by in their most
# restless measure. It is never less than one point: a few lucky seeds do not make a measure exact.
REPRODUCIBILITY_FACTOR: Final = 2.8
MIN_SEEDS: Final = 3
DEFAULT_TOLERANCE: Final = 0.04
MIN_TOLERANCE: Final = 0.01
NO_TOLERANCE: Final = "none"


@dataclass(frozen=True, slots=True)
class ReproductionRow:
    """One thing that was compared; `fits` is None where it is told and not judged."""

    name: str
    committed: str
    reproduced: str
    tolerance: str = ""
    within_tolerance: bool | None = None


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What comparing a version with itself, made again, gave."""

    version: str
    rows: tuple[ReproductionRow, ...]
    identical: bool = False

    @property
    def matches(self) -> bool:
        """Whether nothing that is judged is out of its tolerance."""
        return all(row.within_tolerance is not False for row in self.rows)

    @property
    def verdict(self) -> str:
        """A sentence."""
        if not self.matches:
            wrong = [f"{row.name} ({_describe_difference(row)})" for row in self.rows if row.within_tolerance is False]
            return f"{self.version} is NOT reproduced. What does not match: {join_words(wrong)}."
        how = "with identical weights" if self.identical else "with other weights, every measure within its tolerance"
        return f"{self.version} is reproduced: the same images, split, recipe and parameters, {how}."

    def __str__(self) -> str:
        head = ("", "committed", "made again", "allowed", "")
        said = {True: "matches", False: "DIFFERS", None: ""}
        cells = [
            head,
            *(
                (row.name, row.committed, row.reproduced, row.tolerance, said[row.within_tolerance])
                for row in self.rows
            ),
        ]
        widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
        lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
        return "\n".join([*(line.rstrip() for line in lines), "", self.verdict])


def _describe_difference(row: ReproductionRow) -> str:
    if not (row.committed and row.reproduced):  # what is said of one of the two alone
        return row.committed or row.reproduced
    allowed = "" if row.tolerance == NO_TOLERANCE else f", {row.tolerance} allowed"
    return f"{row.committed} committed, {row.reproduced} now{allowed}"


def compare_reproduction(version: str, settings: Settings, outputs: Path) -> Reproduction:
    """Hold `outputs/<version>` against the same version in another outputs folder.

    Raises
    ------
    ArtifactError
        One of the two has no card or no evaluation.
    """
    ours, again = (
        read_version_report(version, settings),
        read_version_report(version, settings.model_copy(update={"outputs": outputs})),
    )
    for report in (ours, again):
        if not (report.card and report.evaluation):
            raise ArtifactError(
                f"{report.folder.parent.name}/{version} lacks {join_words(report.missing_files) or 'its numbers'}, so there is "
                f"nothing to compare. Make it with: {ours.train_command}"
            )
    cards = [read_card(version, settings), read_card(version, settings.model_copy(update={"outputs": outputs}))]
    weights, identical = _compare_weights(ours, again, cards)
    return Reproduction(
        version,
        (
            *iter_data_rows(cards[0], settings, outputs, cards[1].data.fingerprint),
            _integrity_row(ours, cards[0]),
            *_iter_training_rows(ours, again, cards),
            *_iter_metric_rows(version, settings, ours.evaluation, again.evaluation),
            weights,
        ),
        identical,
    )


def iter_data_rows(card: ModelCard, settings: Settings, outputs: Path, fingerprint: str) -> Iterator[ReproductionRow]:
    """Manifest and fingerprint: which images, of which groups, in which split. They have to be the same."""
    if Recipe(**card.recipe).data == "kaggle":
        sums = [_file_hash(folder / "dataset" / "manifest.csv") for folder in (settings.outputs, outputs)]
        yield _equality_row("manifest", *sums)
    yield _equality_row("data fingerprint", card.data.fingerprint[:12], str(fingerprint)[:12])


def _file_hash(path: Path) -> str:
    return sha256_file(path)[:12] if path.is_file() else "absent"


def _equality_row(name: str, committed: object, reproduced: object) -> ReproductionRow:
    return ReproductionRow(name, str(committed), str(reproduced), NO_TOLERANCE, committed == reproduced)


def _integrity_row(committed: VersionReport, card: ModelCard) -> ReproductionRow:
    """Whether the committed files are those the committed card was written for."""
    listed_files = card.files
    there = {name: committed.folder / name for name in listed_files if (committed.folder / name).is_file()}
    altered = sorted(name for name, path in there.items() if sha256_file(path) != listed_files[name])
    return ReproductionRow(
        "files of its card", f"{join_words(altered)} altered" if altered else "unaltered", "", NO_TOLERANCE, not altered
    )


def _iter_training_rows(
    committed: VersionReport, reproduced: VersionReport, cards: Sequence[ModelCard]
) -> Iterator[ReproductionRow]:
    recipes = [Recipe(**card.recipe) for card in cards]
    yield ReproductionRow("recipe", "", _describe_recipe_changes(*recipes), NO_TOLERANCE, recipes[0] == recipes[1])
    yield _equality_row("parameters", *(card.parameters for card in cards))
    epochs = [len(report.history) for report in (committed, reproduced)]
    # A lucky epoch more or less moves the early stop by as much as it waits for the next one.
    slack = recipes[0].fit.early_stopping_patience
    yield ReproductionRow("epochs", str(epochs[0]), str(epochs[1]), str(slack), abs(epochs[0] - epochs[1]) <= slack)
    seconds = [f"{card.training.seconds or 0:,.0f}" for card in cards]
    yield ReproductionRow("seconds of training", seconds[0], seconds[1])
    libraries = [card.libraries for card in cards]
    others = [name for name in libraries[0] if libraries[0][name] != libraries[1].get(name)]
    told = [", ".join(f"{name} {one.get(name, 'absent')}" for name in others) for one in libraries]
    yield ReproductionRow("libraries", told[0] or "the same", told[1] or "the same")


def _describe_recipe_changes(committed: Recipe, reproduced: Recipe) -> str:
    before, after = committed.model_dump(mode="json"), reproduced.model_dump(mode="json")
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return f"another {join_words(changed)}" if changed else "the same"


def _iter_metric_rows(
    version: str, settings: Settings, committed: dict[str, Metrics], reproduced: dict[str, Metrics]
) -> Iterator[ReproductionRow]:
    split = str(Split.TEST)
    for name in REPRODUCED_METRICS:
        if name not in committed.get(split, {}):
            continue
        value, limit = committed[split][name].value, metric_tolerance(version, name, settings)
        found = reproduced.get(split, {}).get(name)
        fits = found is not None and abs(found.value - value) <= limit
        yield ReproductionRow(
            f"test {name}".replace("_", " "), f"{value:.4f}", "absent" if found is None else f"{found.value:.4f}",
            f"{limit:.4f}", fits,
        )  # fmt: skip


def metric_tolerance(version: str, metric: str, settings: Settings) -> float:
    """By how much a metric of the test split may differ; see the reasons above."""
    moved = seed_spread(read_seed_reports(Run.from_name(version).version, settings), str(Split.TEST), metric)
    if moved is None or len(moved.values) < MIN_SEEDS:
        return DEFAULT_TOLERANCE
    return max(MIN_TOLERANCE, REPRODUCIBILITY_FACTOR * moved.std)


def _compare_weights(
    committed: VersionReport, reproduced: VersionReport, cards: Sequence[ModelCard]
) -> tuple[ReproductionRow, bool]:
    """Whether both have the same weights, to the last bit."""
    files = [report.folder / "model.keras" for report in (committed, reproduced)]
    if all(file.is_file() for file in files):
        from braintumor.models.builder import load_keras_model

        first, second = (load_keras_model(file).get_weights() for file in files)
        if [a.shape for a in first] != [b.shape for b in second]:
            return ReproductionRow("weights", "", "of other shapes", NO_TOLERANCE, within_tolerance=False), False
        apart = max((float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True) if a.size), default=0.0)
        same = all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
        return ReproductionRow("weights", "", "identical" if same else f"up to {apart:.2g} apart"), same
    if cards[0].members:  # an ensemble: its members' files and what each one counts
        members = [
            [(member.version, member.sha256, member.weight, member.temperature) for member in card.members]
            for card in cards
        ]
        same = members[0] == members[1]
        return ReproductionRow("members and their weights", "", "identical" if same else "different"), same
    graphs = [_file_hash(report.folder / "model.onnx") for report in (committed, reproduced)]
    same = graphs[0] == graphs[1] != "absent"
    return ReproductionRow("model.onnx", graphs[0], graphs[1]), same
