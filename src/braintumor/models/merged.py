"""Merged: the networks of several versions as one ONNX graph, which takes one picture and averages their answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import onnx
from onnx import ModelProto, compose, version_converter

from braintumor.imaging import InputContract
from braintumor.imaging.geometry import Extent
from braintumor.models.merged_ends import IMAGE, average, distribute
from braintumor.models.sheet import Shape
from braintumor.vocabulary import Task


@dataclass(frozen=True)
class Member:
    """One version that has a say.

    Attributes
    ----------
    version : str
    content : bytes
        Its `model.onnx`.
    contract : InputContract
        What it wants to be shown.
    map_extent : (left, top, right, bottom), optional
        The part of its frame, in pixels, that its maps lie over; the whole frame by default.
    """

    version: str
    content: bytes
    contract: InputContract
    map_extent: Extent | None = None

    @cached_property
    def model(self) -> ModelProto:
        """Its network, every name in it under that of the version."""
        return compose.add_prefix(onnx.load_from_string(self.content), self.name(""))

    @cached_property
    def outputs(self) -> dict[str, Shape]:
        """Size of each output but for the number of images, by its own name."""
        return {
            value.name.removeprefix(self.name("")): tuple(d.dim_value for d in value.type.tensor_type.shape.dim[1:])
            for value in self.model.graph.output
        }

    def name(self, own: str) -> str:
        """What an input or output of this version is called in a graph with others."""
        return f"{self.version}/{own}"


def joined(members: Sequence[Member], contract: InputContract) -> ModelProto:
    """All members side by side, each shown the one picture as it wants it.

    Returns
    -------
    ModelProto
        Takes `image` (n, height, width, channels) of the contract; gives what each member does, under `v1/logits` etc.
    """
    opset = max(_opset(member.model) for member in members)
    models = [_raised(member.model, opset) for member in members]
    front = distribute({member.version: member.contract for member in members}, contract, opset)
    front.ir_version = max(member.model.ir_version for member in members)

    def attach(whole: ModelProto, pair: tuple[Member, ModelProto]) -> ModelProto:
        member, model = pair
        model.ir_version = front.ir_version
        return compose.merge_models(whole, model, [(f"shown/{member.version}", model.graph.input[0].name)])

    return reduce(attach, zip(members, models, strict=True), front)


def merged(
    members: Sequence[Member],
    contract: InputContract,
    weights: Sequence[float],
    temperatures: Sequence[float],
    task: Task = Task.FOUR_CLASS,
) -> bytes:
    """One graph with the answers of all members averaged; see `merged_ends.average` for how.

    Parameters
    ----------
    members : sequence of Member
    contract : InputContract
        What the whole wants to be shown: crop and fit are those of every member.
    weights : sequence of float
        What each member's say is worth; together one.
    temperatures : sequence of float
        By what each member's logits are divided first, so that all are as sure as they are right.

    Returns
    -------
    bytes
        ONNX with the input `image` and the outputs `logits`, `probabilities`, and as far as members have them `maps`,
        `mask` and `features`.
    """
    whole = joined(members, contract)
    back, inputs = average(members, weights, temperatures, task, _opset(whole))
    back.ir_version = whole.ir_version
    outputs = [value.name for value in back.graph.output]
    made = compose.merge_models(whole, back, [(name, f"said/{name}") for name in inputs], [IMAGE], outputs)
    made.graph.name = "merged"
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _opset(model: ModelProto) -> int:
    return next(int(entry.version) for entry in model.opset_import if not entry.domain)


def _raised(model: ModelProto, opset: int) -> ModelProto:
    """A copy of a network in a later version of ONNX's operators, and asking for no others."""
    raised = version_converter.convert_version(model, opset) if _opset(model) < opset else ModelProto()
    if not raised.graph.node:
        raised.CopyFrom(model)
    plain = [entry for entry in raised.opset_import if not entry.domain]
    del raised.opset_import[:]
    raised.opset_import.extend(plain)
    return raised
