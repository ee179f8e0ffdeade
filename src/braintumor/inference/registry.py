"""Artifact: one trained version on disk, its card, and the check that nothing was altered."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from braintumor.enums import CLASS_NAMES, CLASSES, Task, TumorClass
from braintumor.errors import ArtifactError
from braintumor.imaging.geometry import MapExtent
from braintumor.imaging.preprocessing import InputSpec
from braintumor.inference.decision import MaskFusion, Thresholds
from braintumor.settings import Settings, get_settings

CARD_FILE = "card.json"
MODEL_FILE = "model.onnx"
SALIENCY_FILE = "saliency.onnx"  # of some versions
SIMILAR_SCANS_FILE = "similar_scans.npz"  # of some versions
OOD_REFERENCE_FILE = "ood_reference.csv"  # of some versions
LITERT_FILE, INT8_FILE = "model.tflite", "model.int8.onnx"  # smaller variants of some versions; nothing here reads them


@dataclass(frozen=True, slots=True)
class Member:
    """One model of an ensemble: its weight, the temperature that divides its logits, and the hash of its file."""

    version: str
    weight: float
    temperature: float
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a stranger needs to use a model right, read from `card.json`.

    `raw` holds the whole file, for pages that show it; the other fields are what the detector needs. `map_extent` is
    the part of the frame the cells of an evidence map lie over (left, top, right, bottom in pixels); None for all of
    it, also where the card does not say. `views` is how many views of a scan an answer is averaged over: 2 adds the
    mirrored one. `decision`, the tumour probability from which on it says tumour, is of versions that tell no kinds of
    tumour (`task`), and None of others, which say the likeliest class. `members` are those of an ensemble, which has no
    model file of its own; empty for every other version.
    """

    version: str
    task: Task
    binary_threshold: float | None
    input_spec: InputSpec
    temperature: float
    thresholds: Thresholds
    conformal_quantiles: dict[TumorClass, float]
    mask_fusion: MaskFusion
    map_extent: MapExtent | None
    tta_views: int
    files: dict[str, str]
    raw: dict[str, Any]
    members: tuple[Member, ...] = ()

    @property
    def model_hashes(self) -> dict[str, str]:
        """Hash of the model file, or of each member's, by version."""
        if self.members:
            return {member.version: member.sha256 for member in self.members}
        return {self.version: self.files[MODEL_FILE]} if MODEL_FILE in self.files else {}


@dataclass(frozen=True, slots=True)
class Artifact:
    """The folder of one trained version and its card."""

    folder: Path
    card: ModelCard

    def path(self, name: str) -> Path:
        """Path of a file of this artifact."""
        return self.folder / name

    def model_paths(self) -> list[Path]:
        """Paths of the model file, or of each member's."""
        if not self.card.members:
            return [self.path(MODEL_FILE)]
        return [self.folder.parent / member.version / MODEL_FILE for member in self.card.members]

    def has_file(self, name: str) -> bool:
        """Whether the card lists a file."""
        return name in self.card.files

    def read_verified(self, name: str) -> bytes:
        """Content of a file, after checking it against the hash in the card.

        Raises
        ------
        ArtifactError
            The card does not list the file, it is missing, or its content is not what the card promises.
        """
        expected = self.card.files.get(name)
        if expected is None:
            raise ArtifactError(
                f"{self.card.version}: the card does not list {name}. Write it with: "
                f"braintumor export {self.card.version}"
            )
        path = self.path(name)
        if not path.is_file():
            raise ArtifactError(
                f"{self.card.version}: {name} is missing from {self.folder.name}/. Restore it with: "
                f"git checkout -- outputs, or train again with: braintumor train {self.card.version}"
            )
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ArtifactError(
                f"{self.card.version}: {name} is not the file the card describes (its hash differs). It was altered "
                "or cut short; restore it with: git checkout -- outputs"
            )
        return content


def list_models(settings: Settings | None = None) -> list[str]:
    """Versions that can be loaded, by name: those with a card and an ONNX model, and ensembles of such versions."""
    outputs = (settings or get_settings()).outputs
    return sorted(card.parent.name for card in outputs.glob(f"*/{CARD_FILE}") if _has_model(card))


def _has_model(card: Path) -> bool:
    if (card.parent / MODEL_FILE).is_file():
        return True
    try:
        members = _members(json.loads(card.read_text(encoding="utf-8")).get("members"))
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return False
    outputs = card.parent.parent
    return bool(members) and all((outputs / member.version / MODEL_FILE).is_file() for member in members)


def load_artifact(version: str, settings: Settings | None = None) -> Artifact:
    """Read the card of a version. Model bytes are checked when they are read.

    Raises
    ------
    ArtifactError
        There is no such version, or its card cannot be used.
    """
    settings = settings or get_settings()
    folder = settings.outputs / version
    try:
        if Path(version).name != version:  # a name from outside must not lead out of the outputs
            raise FileNotFoundError(version)
        raw = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        have = ", ".join(list_models(settings)) or "none"
        raise ArtifactError(
            f"There is no model {version!r} (available: {have}). Train it with: braintumor train {version}"
        ) from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{version}: card.json cannot be read. Restore it with: git checkout -- outputs") from error
    return Artifact(folder, _parse_card(raw, version))


def _parse_card(raw: Any, version: str) -> ModelCard:
    try:
        if tuple(raw["classes"]) != CLASS_NAMES:
            raise ArtifactError(
                f"{version}: the card lists classes {raw['classes']}, not {list(CLASS_NAMES)}. "
                f"Train it again with: braintumor train {version}"
            )
        temperature = float(raw["temperature"])
        if not temperature > 0:
            raise ValueError(f"temperature {temperature}")
        return ModelCard(
            version=str(raw["version"]),
            task=Task(raw.get("task", Task.FOUR_CLASS)),
            binary_threshold=_parse_binary_threshold(raw),
            input_spec=InputSpec(**raw["input"]),
            temperature=temperature,
            thresholds=Thresholds(float(raw["thresholds"]["low"]), float(raw["thresholds"]["high"])),
            conformal_quantiles=_parse_quantiles(raw["conformal"]),
            mask_fusion=MaskFusion(**{key: float(value) for key, value in (raw.get("fusion") or {}).items()}),
            map_extent=_parse_map_extent(raw.get("map_extent")),
            tta_views=_parse_tta_views(raw.get("views")),
            files={str(k): str(v) for k, v in raw["files"].items()},
            raw=raw,
            members=_members(raw.get("members")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{version}: card.json lacks what a detector needs ({error}). Write it anew with: braintumor evaluate "
            f"{version}"
        ) from error


def _members(entries: list[dict[str, Any]] | None) -> tuple[Member, ...]:
    members = tuple(
        Member(str(entry["version"]), float(entry["weight"]), float(entry["temperature"]), str(entry["sha256"]))
        for entry in entries or ()
    )
    for member in members:
        if not (member.weight > 0 and member.temperature > 0):
            raise ValueError(f"member {member}")
    return members


def _parse_quantiles(conformal: dict[str, Any]) -> dict[TumorClass, float]:
    """One quantile per class, or the same for all where the card has one."""
    if "quantile" in conformal:
        return dict.fromkeys(CLASSES, float(conformal["quantile"]))
    return {c: float(conformal["quantiles"][str(c)]) for c in CLASSES}


def _parse_tta_views(views: dict[str, Any] | None) -> int:
    count = int((views or {}).get("count", 1))
    if count not in (1, 2):
        raise ValueError(f"views {count}")
    return count


def _parse_binary_threshold(raw: dict[str, Any]) -> float | None:
    """Until one is chosen, the even point."""
    return float((raw.get("decision") or {}).get("threshold", 0.5)) if raw.get("task") == Task.BINARY else None


def _parse_map_extent(extent: list[float] | None) -> MapExtent | None:
    if extent is None:
        return None
    left, top, right, bottom = (float(edge) for edge in extent)
    if not (left < right and top < bottom):
        raise ValueError(f"map_extent {extent}")
    return left, top, right, bottom
