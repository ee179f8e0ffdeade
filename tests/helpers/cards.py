"""The smallest valid content of a card.json."""

from typing import Any

from braintumor.enums import CLASS_NAMES
from braintumor.imaging import InputSpec

MINIMAL_CARD: dict[str, Any] = {
    "version": "v1",
    "input": InputSpec(height=150, width=150).to_dict(),
    "classes": list(CLASS_NAMES),
    "temperature": 1.0,
    "thresholds": {"rule_out": 0.35, "rule_in": 0.65, "chosen": "fixed for tests"},
    "conformal": {"level": 0.95, "quantile": 0.8},
    "files": {},
}
