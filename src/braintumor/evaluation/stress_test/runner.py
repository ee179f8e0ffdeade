"""Run the stress test of a model check by check; each result is stored in `stress_test.json` at once."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from braintumor.enums import EXTERNAL_SPLIT
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.domain_probe import measure_domain_probe
from braintumor.evaluation.stress_test.explanation_sanity import measure_explanation_sanity
from braintumor.evaluation.stress_test.external import measure_external
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.evaluation.stress_test.ood_rejection import measure_ood_rejection
from braintumor.evaluation.stress_test.overlays import measure_overlays
from braintumor.evaluation.stress_test.robustness import measure_robustness
from braintumor.evaluation.stress_test.sources import measure_sources
from braintumor.evaluation.stress_test.studies import measure_studies
from braintumor.evaluation.stress_test.turns import measure_turns
from braintumor.fileio import write_atomically
from braintumor.inference.model_card import EVALUATION_FILE, update_card
from braintumor.results.stress_test import (
    OOD_CHECK,
    SOURCES_CHECK,
    STUDIES_CHECK,
    is_current,
    read_checks,
    write_checks,
)
from braintumor.settings import Settings, get_settings

Check = Callable[[StressTestContext], CheckResult]

CHECKS: Final[dict[str, Check]] = {
    EXTERNAL_SPLIT: measure_external,
    SOURCES_CHECK: measure_sources,
    STUDIES_CHECK: measure_studies,
    OOD_CHECK: measure_ood_rejection,
    "domain_probe": measure_domain_probe,
    "robustness": measure_robustness,
    "turns": measure_turns,
    "overlays": measure_overlays,
    "sanity": measure_explanation_sanity,
    "latency": measure_latency,
}


def run_stress_test(
    name: str,
    settings: Settings | None = None,
    *,
    restart: bool = False,
    replicates: int = REPLICATES,
    checks: dict[str, Check] = CHECKS,
) -> str:
    """Run every check that was not yet run on this model, and write `outputs/<version>/stress_test.json`.

    Each check is stored as soon as it is done, so that an interrupted run can be resumed. A check that does not apply
    is stored with its reason and tried again next time.

    Parameters
    ----------
    name : str
        Folder of the model in `outputs/`; it must be evaluated first.
    restart : bool
        Repeat checks that were already run.

    Returns
    -------
    str
        One line per check.

    Raises
    ------
    ArtifactError, DatasetError
        See `braintumor.evaluation.evaluate.evaluate`.
    """
    settings = settings or get_settings()
    context = StressTestContext(name, settings, replicates)
    folder, model = settings.outputs / name, context.card.fingerprint
    results = {} if restart else read_checks(folder)
    lines = []
    for check, measure in checks.items():
        if is_current(results.get(check), model):
            lines.append(f"{name}: {check}: already measured.")
            continue
        results[check] = _run_check(context, measure, model)
        write_checks(folder, results)
        update_card(name, settings)
        lines.append(f"{name}: {check}: {results[check].get('skipped') or 'measured.'}")
    _write_external_split(context, results)
    update_card(name, settings)
    return "\n".join(lines)


def _run_check(context: StressTestContext, measure: Check, model: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        result = asdict(measure(context))
    except NotMeasurableError as error:
        result = {"skipped": str(error)}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return {**result, "model": model, "created": created, "seconds": round(time.perf_counter() - started, 1)}


def _write_external_split(context: StressTestContext, results: dict[str, dict[str, Any]]) -> None:
    """Add the split `external` to `evaluation.json`."""
    path = context.settings.outputs / context.name / EVALUATION_FILE
    if EXTERNAL_SPLIT not in results or "skipped" in results[EXTERNAL_SPLIT] or not path.is_file():
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    write_atomically(path, json.dumps(report | {EXTERNAL_SPLIT: results[EXTERNAL_SPLIT]["metrics"]}, indent=1) + "\n")
