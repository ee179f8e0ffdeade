"""Names of training runs: the folder of each run below `outputs/` and the command that trains it.

`outputs/<version>` holds the shipped run of a version: protocol `group`, seed 1, the weights its recipe names. Every
other run of the same recipe is in `outputs/runs/<version>/<protocol>-seed<n>`, with `-fold<n>` if it holds out sources.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from braintumor.enums import Protocol

SHIPPED_SEED: Final = 1
RUNS_FOLDER: Final = "runs"
HISTORY_FILE: Final = "history.csv"  # of a training, one row per epoch
HISTORY_COLUMNS: Final = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate", "seconds")


@dataclass(frozen=True, slots=True)
class Run:
    """One training run of a recipe.

    Attributes
    ----------
    version : str
        Name of the recipe.
    protocol : Protocol
    seed : int
    weights : str, optional
        Initial weights where they differ from the recipe's, such as `none`.
    fold : int, optional
        Fold of the recipe's `[folds]` that is held out, counted from 1.
    """

    version: str
    protocol: Protocol = Protocol.GROUP
    seed: int = SHIPPED_SEED
    weights: str | None = None
    fold: int | None = None

    @classmethod
    def from_name(cls, name: str) -> Self:
        """Parse a folder name below `outputs/`: `v4`, or `runs/v4/official-seed2`."""
        match Path(name).parts:
            case (folder, version, label) if folder == RUNS_FOLDER:
                protocol, seed, *weights = label.split("-")
                fold = int(weights.pop().removeprefix("fold")) if re.search(r"-fold\d+$", label) else None
                return cls(version, Protocol(protocol), int(seed.removeprefix("seed")), "-".join(weights) or None, fold)
        return cls(name)

    @property
    def name(self) -> str:
        """Folder of the run below `outputs/`, with forward slashes."""
        if self == Run(self.version):
            return self.version
        weights = "" if self.weights is None else f"-{self.weights}"
        fold = "" if self.fold is None else f"-fold{self.fold}"
        return f"{RUNS_FOLDER}/{self.version}/{self.protocol}-seed{self.seed}{weights}{fold}"

    @property
    def train_command(self) -> str:
        """Command that trains the run; options that the shipped run does not need are left out otherwise."""
        if self.fold is not None:
            return f"braintumor train-folds {self.version}"
        default = Run(self.version)
        options = [
            f"--{option} {getattr(self, option)}"
            for option in ("protocol", "weights", "seed")
            if getattr(self, option) != getattr(default, option)
        ]
        return " ".join(["braintumor train", self.version, *options])

    def with_protocol(self, protocol: Protocol) -> "Run":
        """Return the run with the same seed and weights under another protocol."""
        return replace(self, protocol=protocol)


def is_run_name(name: str) -> bool:
    """Whether a name from outside can be a run's folder, and so never leads out of `outputs/`."""
    parts = Path(name).parts
    plain = bool(parts) and Path(name).as_posix() == name and ".." not in parts and not Path(name).is_absolute()
    return plain and (len(parts) == 1 or (len(parts) == 3 and parts[0] == RUNS_FOLDER))


def list_run_names(outputs: Path, file: str, version: str = "*") -> list[str]:
    """List the runs whose folder holds a file, by name.

    Parameters
    ----------
    outputs : Path
        Folder with the runs.
    file : str
        Name of the file, such as `card.json`.
    version : str, optional
        List only the runs of this version; of all versions by default.
    """
    paths = [*outputs.glob(f"{version}/{file}"), *outputs.glob(f"{RUNS_FOLDER}/{version}/*/{file}")]
    return sorted(path.parent.relative_to(outputs).as_posix() for path in paths)
