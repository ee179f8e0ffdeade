"""Typed content of `card.json`: the contract between training, evaluation and serving."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator

from braintumor.enums import Task, TumorClass
from braintumor.errors import ArtifactError
from braintumor.fileio import sha256_file, write_atomically
from braintumor.inference import card_sections as sections
from braintumor.inference.decision import MaskFusion
from braintumor.inference.input_check.limits import CTClassifier, FieldClassifier, OODLimits, TurnLimits
from braintumor.settings import Settings

CARD_FILE: Final = "card.json"
MODEL_FILE: Final = "model.onnx"
KERAS_FILE: Final = "model.keras"
EVALUATION_FILE: Final = "evaluation.json"
# Optional files.
SALIENCY_FILE: Final = "saliency.onnx"
SIMILAR_SCANS_FILE: Final = "similar_scans.npz"
OOD_REFERENCE_FILE: Final = "ood_reference.csv"
TURN_FILE: Final = "turn.onnx"
OUT_OF_FOLD_FILE: Final = "out_of_fold.csv"  # predictions for sources that were held out in turn
LEAVE_ONE_SOURCE_OUT_FILE: Final = "leave_one_source_out.json"
LITERT_FILE: Final = "model.tflite"  # smaller variants, for other runtimes
INT8_FILE: Final = "model.int8.onnx"

# Files whose hashes are in the card, in the card's order.
HASHED_FILES: Final = (
    MODEL_FILE,
    SALIENCY_FILE,
    LITERT_FILE,
    INT8_FILE,
    SIMILAR_SCANS_FILE,
    KERAS_FILE,
    "history.csv",
    EVALUATION_FILE,
    "curves.json",
    "predictions.csv",
    OOD_REFERENCE_FILE,
    TURN_FILE,
    "stress_test.json",
    OUT_OF_FOLD_FILE,
    LEAVE_ONE_SOURCE_OUT_FILE,
)
# Besides the network, these keys decide the prediction for a scan: results measured before one changed are outdated.
_FINGERPRINTED_KEYS: Final = ("views", "fusion", "temperature", "thresholds", "ood")


class ModelCard(sections.CardSection):
    """Everything needed to use a trained version correctly.

    The attributes without a default are what a detector needs. Unknown keys are kept, and a card that is read and
    written again is identical byte for byte.

    Attributes
    ----------
    map_extent : tuple of float, optional
        Part of the model input that the cells of an evidence map cover (left, top, right, bottom in pixels); all of it
        where missing.
    files : dict of str to str
        SHA-256 of each file of the version.
    members : tuple of Member
        Models of an ensemble, which has no model file of its own; empty otherwise.
    """

    version: str
    title: str = ""
    created: str = ""
    task: Task = Task.FOUR_CLASS
    architecture: str = ""
    parameters: int | None = None
    input_spec: sections.CardInput = Field(alias="input")
    classes: sections.CardClasses
    temperature: float = Field(gt=0)
    thresholds: sections.CardThresholds
    conformal: sections.Conformal
    ood: OODLimits | None = None
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    protocol: str = ""
    data: sections.DataSummary = sections.DataSummary()
    recipe: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    training: sections.TrainingSummary = sections.TrainingSummary()
    libraries: dict[str, str] = Field(default_factory=dict)
    git_commit: str = ""
    files: dict[str, str]
    weights: sections.WeightsOrigin | None = None
    teachers: dict[str, str] = Field(default_factory=dict)
    variants: dict[str, sections.Variant] = Field(default_factory=dict)
    export: sections.ExportCheck | None = None
    saliency: sections.NumericalDifference | None = None
    map_extent: sections.CardMapExtent | None = None
    members: tuple[sections.Member, ...] = ()
    ensemble: sections.EnsembleSummary | None = None
    tta: sections.TTAViews = Field(default=sections.TTAViews(), alias="views")
    mask_fusion: sections.CardFusion = Field(default=MaskFusion(), alias="fusion")
    binary_decision: sections.BinaryDecision | None = Field(default=None, alias="decision")
    retrieval: sections.Retrieval | None = None
    turn: TurnLimits | None = None
    ct: CTClassifier | None = None
    field: FieldClassifier | None = None
    study: sections.CardStudyRule | None = None

    _key_order: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="wrap")
    @classmethod
    def _remember_key_order(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        card = handler(data)
        if isinstance(data, Mapping):
            fields = cls.model_fields
            card._key_order = tuple((fields[key].alias or key) if key in fields else key for key in data)
        return card

    @property
    def binary_threshold(self) -> float | None:
        """Tumour probability from which a binary model answers tumour (0.5 until fitted); None for four classes."""
        if self.task is not Task.BINARY:
            return None
        return 0.5 if self.binary_decision is None else self.binary_decision.threshold

    @property
    def conformal_quantiles(self) -> dict[TumorClass, float]:
        """Quantile of the prediction sets for each class."""
        return self.conformal.by_class()

    @property
    def tta_views(self) -> int:
        """Number of views averaged per scan: 1, or 2 to add the mirrored scan."""
        return self.tta.count

    @property
    def model_hashes(self) -> dict[str, str]:
        """SHA-256 of the model file, or of each member's, by version."""
        if self.members:
            return {member.version: member.sha256 for member in self.members}
        return {self.version: self.files[MODEL_FILE]} if MODEL_FILE in self.files else {}

    @property
    def fingerprint(self) -> str:
        """Hash of everything in the card that decides the prediction for a scan or a study."""
        content = self.to_dict()
        members = [[member.sha256, member.weight, member.temperature] for member in self.members]
        model: Any = members or self.files.get(MODEL_FILE)  # an ensemble has no model file of its own
        decisive = [model, *(content.get(key) for key in _FINGERPRINTED_KEYS)]
        if (decision := content.get("decision")) is not None:
            decisive.append(decision)
        if self.turn is not None:
            limits = self.turn.sideways_at, self.turn.upside_down_at, self.turn.likely_at
            decisive.append([self.files.get(TURN_FILE), *limits])
        if self.ct is not None:
            decisive.append([*self.ct.features, *self.ct.weights, self.ct.bias, self.ct.reject_at])
        if self.field is not None:
            decisive.append([*self.field.features, *self.field.weights, self.field.bias, self.field.outside_at])
        if self.study is not None:
            decisive.append(self.study.to_dict() | {"chosen": ""})
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain data with the keys of `card.json`, in their order."""
        content = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {key: content[key] for key in self._key_order if key in content} | content

    def to_json(self) -> str:
        """Return the text of `card.json`."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"


def parse_card(text: str, version: str) -> ModelCard:
    """Parse the text of a `card.json`.

    Raises
    ------
    ArtifactError
        It is not JSON, or lacks something that a detector needs.
    """
    try:
        return ModelCard.model_validate(json.loads(text))
    except ValidationError as error:
        raise ArtifactError(_describe_invalid_card(version, error)) from error
    except ValueError as error:
        raise ArtifactError(
            f"{version}: {CARD_FILE} cannot be read (it is not JSON). Restore it with: git checkout -- outputs"
        ) from error


def _describe_invalid_card(version: str, error: ValidationError) -> str:
    problems = [(".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors()]
    reasons = "; ".join(f"{key}: {message}" for key, message in problems)
    remedy = "train" if any(key == "classes" and "not" in message for key, message in problems) else "evaluate"
    return f"{version}: {CARD_FILE} is not valid ({reasons}). Write it again with: braintumor {remedy} {version}"


def read_card(version: str, settings: Settings) -> ModelCard:
    """Read the card of a version, evaluated or not.

    Raises
    ------
    ArtifactError
        There is no card, or it is not valid.
    """
    try:
        text = (settings.outputs / version / CARD_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{version} has no readable card. Train it first: braintumor train {version}") from error
    return parse_card(text, version)


def read_card_for_display(path: Path) -> ModelCard | None:
    """Read a card and leave out optional sections that are not valid; None where the rest is not valid either."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        try:
            return ModelCard.model_validate(content)
        except ValidationError as error:
            invalid = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
            return ModelCard.model_validate({key: value for key, value in content.items() if key not in invalid})
    except (OSError, ValueError, AttributeError):
        return None


def write_card(folder: Path, card: ModelCard) -> None:
    """Write a card into the folder of its version."""
    write_atomically(folder / CARD_FILE, card.to_json())


def update_card(version: str, settings: Settings, **entries: Any) -> None:
    """Set entries of a card, by their keys in `card.json`, and refresh the hashes of the version's files.

    Raises
    ------
    ArtifactError
        There is no valid card.
    ValueError
        An entry is not valid, or has a key that cards do not have.
    """
    keys = {field.alias or name for name, field in ModelCard.model_fields.items()}
    if unknown := entries.keys() - keys:
        raise ValueError(f"A model card has no entries named {', '.join(sorted(unknown))}.")
    folder = settings.outputs / version
    hashes = {name: sha256_file(folder / name) for name in HASHED_FILES if (folder / name).is_file()}
    content = read_card(version, settings).to_dict() | entries | {"files": hashes}
    write_card(folder, ModelCard.model_validate(content))
