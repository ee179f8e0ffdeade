"""Training times of all models, from their cards."""

import json

from braintumor.inference.card_sections import TrainingSummary
from braintumor.results.version import list_evaluated_runs, read_version_report
from braintumor.settings import Settings


def training_times_block(settings: Settings) -> str:
    """Write a row for each training with a recorded time, and their sum, as Markdown."""
    rows, total = [], 0.0
    for name in list_evaluated_runs(settings):
        report = read_version_report(name, settings)
        training = report.card.training if report.card else TrainingSummary()
        seconds, speed = training.seconds, training.images_per_second
        if seconds and speed:  # an ensemble has no training time: only its members are trained
            total += seconds
            epochs, duration = training.epochs_run, _format_duration(seconds)
            rows.append(f"| {name} | `{report.train_command}` | {epochs} | {speed:,.0f} | {duration} |")
    ablation_seconds = _ablation_seconds(settings)
    if ablation_seconds:
        total += sum(ablation_seconds)
        command = "`braintumor ablate hypotheses`, `braintumor ablate v4`"
        rows.append(
            f"| {len(ablation_seconds)} ablations | {command} | | | {_format_duration(sum(ablation_seconds))} |"
        )
    head = ["| Run | Command | Epochs | Images per second | Training time |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, f"| **All** | `make reproduce-all` | | | **{_format_duration(total)}** |"]) + "\n"


def _ablation_seconds(settings: Settings) -> list[float]:
    """Read the seconds of each short training of the ablations."""
    path = settings.outputs / "experiments" / "runs.json"
    runs = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return [float(run["seconds"]) for run in runs.values() if "seconds" in run]


def _format_duration(seconds: float) -> str:
    """Format a time, such as `19 min` or `2 h 5 min`."""
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
