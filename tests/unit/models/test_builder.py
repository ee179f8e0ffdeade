"""A training computes in the recipe's number format only where the processor has instructions for it."""

from pathlib import Path

import pytest

from braintumor.models.builder import choose_precision
from braintumor.models.recipe import load_recipe


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_bfloat16_is_used_where_the_processor_has_it(tmp_path: Path, flag: str) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(f"flags\t\t: fpu avx2 {flag} avx512f\n")
    assert choose_precision(load_recipe("v1"), file) == "mixed_bfloat16"


def test_float32_replaces_bfloat16_that_would_be_emulated(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("flags\t\t: fpu avx2 avx512f\n")
    assert choose_precision(load_recipe("v1"), file) == "float32"


def test_unknown_processors_use_float32(tmp_path: Path) -> None:
    assert choose_precision(load_recipe("v1"), tmp_path / "missing") == "float32"


def test_recipes_for_float32_keep_it_on_every_processor(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("flags\t\t: amx_bf16 avx512_bf16\n")
    assert choose_precision(load_recipe("v4"), file) == "float32"
