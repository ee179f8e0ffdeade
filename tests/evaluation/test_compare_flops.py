"""FLOPs: what is counted by hand comes out, and what is not needed for the logits is not counted."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from braintumor.evaluation.compare_flops import flops, multiply_adds
from tests.support.model import build, fit

# Side of the output, kernel, channels in and out: unpadded 4 x 4 kernels on 150 pixels, pooled by 3 between.
V1 = ((147, 4, 3, 32), (46, 4, 32, 64), (12, 4, 64, 128), (1, 4, 128, 128))


def test_v1_has_the_count_worked_out_by_hand(root: Path) -> None:
    convolutions = sum(side**2 * kernel**2 * given * made for side, kernel, given, made in V1)
    assert flops(root / "outputs" / "v1" / "model.onnx") == 2 * (convolutions + 128 * 512 + 512 * 4)


def test_shapes_that_a_graph_computes_are_seen_all_the_same(root: Path) -> None:
    # Its last product has a batch that shape inference cannot know.
    assert flops(root / "outputs" / "v4" / "model.onnx") > 2 * 768 * 4


def test_pooling_and_sums_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(build(*fit(per_class=4)))
    assert flops(tmp_path / "model.onnx") == 0


@pytest.mark.parametrize(
    ("kind", "attributes", "shapes", "expected"),
    [
        ("Conv", {}, ((1, 8, 10, 10), (16, 8, 3, 3), (1, 16, 8, 8)), 16 * 8 * 8 * 8 * 9),
        ("Conv", {"group": 8}, ((1, 8, 10, 10), (8, 1, 3, 3), (1, 8, 8, 8)), 8 * 8 * 8 * 9),
        ("ConvTranspose", {}, ((1, 8, 5, 5), (8, 4, 2, 2), (1, 4, 10, 10)), 8 * 25 * 4 * 4),
        ("Gemm", {}, ((1, 32), (32, 7), (1, 7)), 32 * 7),
        ("Gemm", {"transA": 1}, ((32, 2), (32, 7), (2, 7)), 2 * 32 * 7),
        ("MatMul", {}, ((2, 3, 5), (5, 4), (2, 3, 4)), 2 * 3 * 5 * 4),
    ],
)
def test_each_kind_of_product_is_counted(
    kind: str, attributes: dict[str, int], shapes: tuple[tuple[int, ...], ...], expected: int
) -> None:
    node = helper.make_node(kind, ["x", "w"], ["y"], **attributes)
    assert multiply_adds(node, dict(zip("xwy", shapes, strict=True))) == expected


def test_maps_beside_the_logits_cost_nothing(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["image", "w"], ["logits"]),
        helper.make_node("MatMul", ["logits", "v"], ["maps"]),
    ]
    graph = helper.make_graph(
        nodes, "two",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in
         (("logits", 4), ("maps", 50))],
        [helper.make_tensor(name, TensorProto.FLOAT, dims, [0.0] * (dims[0] * dims[1])) for name, dims in
         (("w", (6, 4)), ("v", (4, 50)))],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "m.onnx")
    assert flops(tmp_path / "m.onnx") == 2 * 6 * 4
