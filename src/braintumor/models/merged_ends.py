"""The two ends of a merged graph: what each member is shown of the one picture, and what is made of their answers."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from braintumor.imaging import InputContract
from braintumor.imaging.geometry import Extent
from braintumor.models.answer import EVEN, KINDS
from braintumor.models.resampling import placing, resizing
from braintumor.models.sheet import Shape, Sheet
from braintumor.vocabulary import CLASSES, HEALTHY_INDEX, TUMOR_INDICES, Task

IMAGE: Final = "image"
_TINY: Final = 1e-12


class Speaker(Protocol):
    """What is asked of a member here; see `braintumor.models.merged.Member`."""

    @property
    def contract(self) -> InputContract:
        """How its frames are made."""

    @property
    def map_extent(self) -> Extent | None:
        """Part of the frame its maps lie over; None for all of it."""

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shape of each output, by its name."""

    def name(self, own: str) -> str:
        """Name of one of its tensors in the merged graph."""


def distribute(wanted: Mapping[str, InputContract], contract: InputContract, opset: int) -> ModelProto:
    """Graph from `image` to what each version is shown, `shown/<version>`: resized where its frame is another.

    Resizing is a product with a matrix on each axis: the same numbers on every machine, and with a gradient.
    """
    sheet = Sheet("front", opset)
    for version, own in wanted.items():
        shown = IMAGE
        if contract.channels > own.channels:  # the grey value is repeated: the first channel is all there is
            shown = sheet.add("MatMul", shown, sheet.constant(np.eye(contract.channels, 1)))
        if (contract.height, contract.width) != (own.height, own.width):
            across, down = resizing(contract.width, own.width), resizing(contract.height, own.height)
            planes = sheet.add("Transpose", shown, perm=[0, 3, 1, 2])
            narrow = sheet.add("MatMul", planes, sheet.constant(across.T))
            turned = sheet.add("Transpose", narrow, perm=[0, 1, 3, 2])
            shown = sheet.add("Transpose", sheet.add("MatMul", turned, sheet.constant(down.T)), perm=[0, 3, 2, 1])
        if contract.channels < own.channels:
            shown = sheet.add("Tile", shown, sheet.constant([1, 1, 1, own.channels], np.int64))
        sheet.add("Identity", shown, output=f"shown/{version}")
    made = {f"shown/{version}": (own.height, own.width, own.channels) for version, own in wanted.items()}
    return sheet.model({IMAGE: (contract.height, contract.width, contract.channels)}, made)


def average(
    members: Sequence[Speaker], weights: Sequence[float], temperatures: Sequence[float], task: Task, opset: int
) -> tuple[ModelProto, list[str]]:
    """Graph from what members say to what the whole says.

    Log-probabilities are averaged (a logarithmic pool, Genest and Zidek 1986): the mean of logits, each over its
    temperature, is that but for a constant which the softmax takes away. Where the task is tumour or none it is the
    log-odds of tumour that are averaged, and spread evenly over the kinds. Maps are brought onto one grid over the
    whole frame, each scaled to its own largest value on this picture, for members measure evidence in units of their
    own. Mask and features are those of the first member that has them: there is nothing to average them with.

    Returns
    -------
    ModelProto
        Takes `said/<version>/<output>`.
    list of str
        The outputs of members it takes.
    """
    sheet = Sheet("back", opset)
    taken: dict[str, Shape] = {}

    def said(member: Speaker, output: str) -> str:
        name = member.name(output)
        taken[name] = member.outputs[output]
        return f"said/{name}"

    logits = [said(member, "logits") for member in members]
    shares = [weight / temperature for weight, temperature in zip(weights, temperatures, strict=True)]
    outputs: dict[str, Shape] = {"logits": (len(CLASSES),), "probabilities": (len(CLASSES),)}
    _pool(sheet, logits, shares, task)
    sheet.add("Softmax", "logits", output="probabilities", axis=-1)
    mapped = [(member, weight) for member, weight in zip(members, weights, strict=True) if "maps" in member.outputs]
    if mapped and sum(weight for _, weight in mapped) > 0:
        outputs["maps"] = _maps(sheet, [(m, said(m, "maps"), weight) for m, weight in mapped], task)
    for output in ("mask", "features"):
        owner = next((member for member in members if output in member.outputs), None)
        if owner:
            sheet.add("Identity", said(owner, output), output=output)
            outputs[output] = owner.outputs[output]
    return sheet.model({f"said/{name}": shape for name, shape in taken.items()}, outputs), list(taken)


def _pool(sheet: Sheet, logits: Sequence[str], shares: Sequence[float], task: Task) -> None:
    """Write the weighted sum of logits as `logits`."""
    if task is Task.TUMOR:
        logits = [_log_odds(sheet, values) for values in logits]
    whole = sheet.total([sheet.add("Mul", v, sheet.constant(s)) for v, s in zip(logits, shares, strict=True)])
    if task is Task.TUMOR:
        spread = sheet.add("MatMul", whole, sheet.constant([KINDS]))
        whole = sheet.add("Add", spread, sheet.constant([EVEN]))
    sheet.add("Identity", whole, output="logits")


def _log_odds(sheet: Sheet, logits: str) -> str:
    """Log-odds of any tumour, shape (n, 1)."""
    tumours = sheet.add("Gather", logits, sheet.constant(list(TUMOR_INDICES), np.int64), axis=1)
    healthy = sheet.add("Gather", logits, sheet.constant([HEALTHY_INDEX], np.int64), axis=1)
    return sheet.add("Sub", sheet.reduced("ReduceLogSumExp", tumours, [1]), healthy)


def _maps(sheet: Sheet, given: Sequence[tuple[Speaker, str, float]], task: Task) -> Shape:
    """Write the weighted mean of maps as `maps`; returns its shape."""
    grid = [max(member.outputs["maps"][axis] for member, _, _ in given) for axis in (1, 2)]
    whole, terms = sum(weight for _, _, weight in given), []
    for member, name, weight in given:
        maps = _of_any_tumor(sheet, name) if task is Task.TUMOR else name
        peak = sheet.add("Max", sheet.reduced("ReduceMax", maps, [1, 2, 3]), sheet.constant(_TINY))
        down, across = (sheet.constant(matrix) for matrix in _placed(member, grid))
        placed = sheet.add("MatMul", sheet.add("MatMul", down, sheet.add("Div", maps, peak)), across)
        terms.append(sheet.add("Mul", placed, sheet.constant(weight / whole)))
    sheet.add("Identity", sheet.total(terms), output="maps")
    return (len(CLASSES), *grid)


def _of_any_tumor(sheet: Sheet, maps: str) -> str:
    """Maps where all kinds share that of the kind that speaks loudest in each cell: which one, is not asked."""
    tumours = sheet.add("Gather", maps, sheet.constant(list(TUMOR_INDICES), np.int64), axis=1)
    healthy = sheet.add("Gather", maps, sheet.constant([HEALTHY_INDEX], np.int64), axis=1)
    loudest = sheet.reduced("ReduceMax", tumours, [1])
    order = [healthy if i == HEALTHY_INDEX else loudest for i in range(len(CLASSES))]
    return sheet.add("Concat", *order, axis=1)


def _placed(member: Speaker, grid: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Matrices that bring a member's maps onto the grid: one for the left side, one for the right."""
    _, rows, columns = member.outputs["maps"]
    left, top, right, bottom = member.map_extent or (0, 0, 0, 0)
    wide, high = member.contract.width, member.contract.height
    spans = [(top / high, bottom / high), (left / wide, right / wide)] if member.map_extent else [None, None]
    return placing(rows, grid[0], spans[0]), placing(columns, grid[1], spans[1]).T
