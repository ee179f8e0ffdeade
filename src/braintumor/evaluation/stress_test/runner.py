"""Study a version: the long measurements, one stage after another, kept in `study.json` as each is done."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.domain_probe import measure_domain_probe
from braintumor.evaluation.stress_test.explanation_sanity import measure_explanation_sanity
from braintumor.evaluation.stress_test.external import measure_external
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.evaluation.stress_test.ood_rejection import measure_ood_rejection
from braintumor.evaluation.stress_test.robustness import measure_robustness
from braintumor.fileio import write_atomically
from braintumor.results.study import EXTERNAL_SPLIT, is_current, model_fingerprint, read_checks, write_checks
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import update_card

Check = Callable[[StressTestContext], CheckResult]

CHECKS: Final[dict[str, Check]] = {
    EXTERNAL_SPLIT: measure_external,
    "novelty": measure_ood_rejection,
    "origin": measure_domain_probe,
    "robustness": measure_robustness,
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
    """Measure every stage that was not yet measured on this model, and write `outputs/<version>/study.json`.

    A stage is written as soon as it is done, so that a study that was killed goes on from there. One that cannot be
    measured is kept as a sentence and tried again next time.

    Parameters
    ----------
    name : str
        Folder of the version in `outputs/`; it has to be evaluated first.
    restart : bool
        Measure again what was measured already.

    Returns
    -------
    str
        A sentence a stage.

    Raises
    ------
    ArtifactError, DatasetError
        See `braintumor.evaluation.evaluate.evaluate`.
    """
    settings = settings or get_settings()
    subject = StressTestContext(name, settings, replicates)
    folder, model = settings.outputs / name, model_fingerprint(subject.card.raw)
    found = {} if restart else read_checks(folder)
    said = []
    for stage, measure in checks.items():
        if is_current(found.get(stage), model):
            said.append(f"{stage}: kept.")
            continue
        started = time.perf_counter()
        try:
            found[stage] = asdict(measure(subject))
        except NotMeasurableError as error:
            found[stage] = {"skipped": str(error)}
        found[stage] |= {
            "model": model,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - started, 1),
        }
        write_checks(folder, found)
        update_card(name, settings)
        said.append(f"{stage}: {found[stage].get('skipped') or 'measured.'}")
    _write_external_split(subject, found)
    update_card(name, settings)
    return "\n".join(f"{name}: {line}" for line in said)


def _write_external_split(context: StressTestContext, results: dict[str, dict[str, Any]]) -> None:
    """Put the split `outside` beside the others."""
    path = context.settings.outputs / context.name / "evaluation.json"
    if EXTERNAL_SPLIT not in results or "skipped" in results[EXTERNAL_SPLIT] or not path.is_file():
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    write_atomically(path, json.dumps(report | {EXTERNAL_SPLIT: results[EXTERNAL_SPLIT]["metrics"]}, indent=1) + "\n")
