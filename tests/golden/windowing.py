"""Golden 8-bit outputs of windowing for the viewer's JavaScript; `python -m tests.golden.windowing` writes them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from braintumor.imaging.windowing import rescale_to_unit, unit_to_uint8, window_edges

FILE = Path(__file__).parent / "windowing.json"
# Window centre and width, and the range of the values: 8 to 16 bits, negative values and fractions.
CASES = {
    "8 bits, full range": (127.5, 255.0, 0.0, 255.0),
    "8 bits, narrow": (100.0, 20.0, 0.0, 255.0),
    "12 bits": (1999.5, 2999.0, 0.0, 4095.0),
    "16 bits": (32767.5, 65535.0, 0.0, 65535.0),
    "negative values": (40.0, 400.0, -1024.0, 3071.0),
    "fractions": (0.37, 0.41, 0.0, 1.0),
    "width of one": (512.0, 1.0, 500.0, 524.0),
    "outside the values": (5000.0, 100.0, 0.0, 255.0),
}
VALUES_PER_CASE = 65


def compute_cases() -> list[dict[str, Any]]:
    """Window the values of every case."""
    return [
        {"name": name, "center": center, "width": width, **_window_values(center, width, low, high)}
        for name, (center, width, low, high) in CASES.items()
    ]


def _window_values(center: float, width: float, low: float, high: float) -> dict[str, list[float] | list[int]]:
    edges = window_edges(center, width)
    values = np.sort(np.append(np.linspace(low, high, VALUES_PER_CASE), [*edges, center])).astype(np.float32)
    levels = unit_to_uint8(rescale_to_unit(values[None], *edges))[0]
    return {"values": values.tolist(), "expected": levels.tolist()}


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(case) for case in compute_cases())
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
