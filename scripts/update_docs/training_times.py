"""Training times of all models, from their cards."""

import json

from braintumor.results.version import list_evaluated_runs, read_version_report
from braintumor.settings import Settings


def training_times_block(settings: Settings) -> str:
    """Write a row for each training with a recorded time, and their sum, as Markdown."""
    rows, total = [], 0.0
    for name in list_evaluated_runs(settings):
        report = read_version_report(name, settings)
        seconds, speed = report.card_value("training", "seconds"), report.card_value("training", "images_per_second")
        if seconds and speed:  # an ensemble was not trained: its time is that of its members
            total += seconds
            epochs = report.card_value("training", "epochs_run")
            rows.append(f"| {name} | `{report.train_command}` | {epochs} | {speed:,.0f} | {_span(seconds)} |")
    runs = _experiments(settings)
    if runs:
        total += sum(runs)
        command = "`braintumor hypotheses`, `braintumor experiment`"
        rows.append(f"| {len(runs)} experiments | {command} | | | {_span(sum(runs))} |")
    head = ["| Version | Command | Epochs | Images a second | Training |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, f"| **All** | `make reproduce-all` | | | **{_span(total)}** |"]) + "\n"


def _experiments(settings: Settings) -> list[float]:
    """Seconds of each short training behind the hypotheses."""
    path = settings.outputs / "experiments" / "runs.json"
    runs = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return [float(run["seconds"]) for run in runs.values() if "seconds" in run]


def _span(seconds: float) -> str:
    """A time as people say it: `19 min`, `2 h 5 min`."""
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
