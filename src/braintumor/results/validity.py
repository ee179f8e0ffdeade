"""Where the verdict of a version holds and where not, in one sentence from its evaluation."""

from braintumor.enums import Plane, Split
from braintumor.results.other_sources import current_sources_check, list_metrics
from braintumor.results.study import StudyCheck
from braintumor.results.version import VersionReport
from braintumor.text import join_words

_GROUP = "group"
_LEFT_OUT = "@sources:left-out"


def summarize_validity(report: VersionReport) -> str:
    """Say on which planes tumours of the test set are found, and how that changes on sources left out of training.

    Empty if the version was not evaluated by plane.
    """
    names = {str(plane): f"tumor_sensitivity@plane:{plane}" for plane in Plane if plane is not Plane.UNKNOWN}
    metrics = {plane: report.metric(Split.TEST, name) for plane, name in names.items()}
    planes = {plane: metric for plane, metric in metrics.items() if metric is not None}
    if not planes:
        return ""
    holds = (
        f"The verdict holds for scans like those of its test set, tumour sensitivity by plane: {list_metrics(planes)}"
    )
    check = current_sources_check(report)
    limits = [] if check is None else _left_out_limits(check)
    if not limits:
        return f"{holds}; there is no current measurement on other sources."
    return f"{holds}; it does not hold in general: of sources left out of training it flags {join_words(limits)}."


def _left_out_limits(check: StudyCheck) -> list[str]:
    """Return the shares of tumours, the lowest by contrast, and of tumour-free slices that are flagged."""
    limits = []
    if called := check.metrics.get(f"called{_LEFT_OUT}"):
        contrasts = {name: check.metrics.get(f"called@contrast:{name}") for name in check.subgroup_values("contrast")}
        measured = {name: metric for name, metric in contrasts.items() if metric is not None}
        lowest = min(measured, key=lambda name: measured[name].value, default=None)
        worst = f" (fewest by contrast: {lowest}, {measured[lowest].percent()})" if lowest else ""
        limits.append(f"{called.describe(group=_GROUP)} of the tumours{worst}")
    if false_alarms := check.metrics.get(f"false_alarms{_LEFT_OUT}"):
        limits.append(f"{false_alarms.describe(group=_GROUP)} of the tumour-free slices")
    return limits
