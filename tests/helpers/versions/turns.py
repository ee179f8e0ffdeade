"""A turn network for a test version that holds pictures with a bright top for upright."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.fileio import sha256_file
from braintumor.inference.input_check.limits import TurnLimits
from braintumor.inference.turn.turn_detector import TURN_INPUT_SIDE

LIMITS: Final = TurnLimits(sideways_at=0.9, upside_down_at=0.8, likely_at=0.5)


def bright_top_pixels(label: TumorClass | str, seed: int, side: int = 128) -> NDArray[Any]:
    """Return a phantom that is brighter at the top."""
    phantom = make_phantom(TumorClass(label), seed, side).pixels
    return (phantom * np.linspace(1.0, 0.4, side)[:, None]).astype(phantom.dtype)


def write_turn_network(folder: Path) -> None:
    """Write a network that finds the brightest side of the picture: top, left, bottom or right."""
    side = TURN_INPUT_SIDE
    weights = np.zeros((side, side, 4), np.float32)
    quarter = side // 4
    for turn, box in enumerate([np.s_[:quarter], np.s_[:, :quarter], np.s_[-quarter:], np.s_[:, -quarter:]]):
        weights[(*box, turn) if isinstance(box, tuple) else (box, slice(None), turn)] = 1.0
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["image"], ["flat"]), helper.make_node("MatMul", ["flat", "weights"], ["logits"])],
        "turn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, side, side, 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, 4])],
        [numpy_helper.from_array(weights.reshape(-1, 4), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / "turn.onnx").write_bytes(model.SerializeToString())


def add_turn_section(folder: Path, **entries: Any) -> None:
    """Enter the turn network of a version into its card."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["turn"] = LIMITS.model_dump(mode="json") | entries
    card["files"]["turn.onnx"] = sha256_file(folder / "turn.onnx")
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
