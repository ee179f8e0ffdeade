"""Study a version: the long measurements, one stage after another, kept in `study.json` as each is done."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from braintumor.evaluation.bootstrap import REPLICATES
from braintumor.evaluation.foreign import measure_novelty
from braintumor.evaluation.latency import measure_latency
from braintumor.evaluation.origin import measure_origin
from braintumor.evaluation.outside import measure_outside
from braintumor.evaluation.robustness import measure_robustness
from braintumor.evaluation.sanity import measure_sanity
from braintumor.evaluation.study_file import OUTSIDE, identity, is_current, read_stages, write_stages
from braintumor.evaluation.subject import Findings, NotMeasurableError, Subject
from braintumor.files import write_atomically
from braintumor.settings import Settings, get_settings
from braintumor.training.card import update_card

Stage = Callable[[Subject], Findings]

STAGES: Final[dict[str, Stage]] = {
    OUTSIDE: measure_outside,
    "novelty": measure_novelty,
    "origin": measure_origin,
    "robustness": measure_robustness,
    "sanity": measure_sanity,
    "latency": measure_latency,
}


def study(
    name: str,
    settings: Settings | None = None,
    *,
    restart: bool = False,
    replicates: int = REPLICATES,
    stages: dict[str, Stage] = STAGES,
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
        See `braintumor.evaluation.run.evaluate`.
    """
    settings = settings or get_settings()
    subject = Subject(name, settings, replicates)
    folder, model = settings.outputs / name, identity(subject.card.raw)
    found = {} if restart else read_stages(folder)
    said = []
    for stage, measure in stages.items():
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
        write_stages(folder, found)
        update_card(name, settings)
        said.append(f"{stage}: {found[stage].get('skipped') or 'measured.'}")
    _give_outside(subject, found)
    update_card(name, settings)
    return "\n".join(f"{name}: {line}" for line in said)


def _give_outside(subject: Subject, found: dict[str, dict[str, Any]]) -> None:
    """Put the split `outside` beside the others."""
    path = subject.settings.outputs / subject.name / "evaluation.json"
    if OUTSIDE not in found or "skipped" in found[OUTSIDE] or not path.is_file():
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    write_atomically(path, json.dumps(report | {OUTSIDE: found[OUTSIDE]["metrics"]}, indent=1) + "\n")
