"""Results of the README: the served model, its seeds, external images, splits and the comparison of models."""

from braintumor.enums import HOLDOUT_SPLIT, Protocol, Split
from braintumor.results.summaries import summarize_holdout_source
from braintumor.results.version import (
    VersionReport,
    leakage_baseline,
    list_evaluated_runs,
    read_holdout_reports,
    read_version_report,
    runs_by_seed,
    seed_spread,
    shared_teachers_note,
)
from braintumor.settings import Settings
from scripts.update_docs.comparison import comparison_lines

MEASURES = {
    "accuracy": "Accuracy, four classes",
    "macro_f1": "Macro F1",
    "tumor_sensitivity": "Sensitivity for any tumour",
    "tumor_specificity": "Specificity for any tumour",
    "roc_auc": "ROC area, tumour against none",
    "ece": "Calibration error",
}
OUTSIDE = ("roc_auc", "called", "false_alarms")
METRIC_TITLES = {"roc_auc": "ROC area", "called": "tumours called", "false_alarms": "false alarms"}
PROTOCOLS = {
    Protocol.GROUP: "patients and near-duplicates kept together",
    Protocol.OFFICIAL: "the Kaggle Training and Testing folders (leaky)",
    Protocol.RANDOM: "at random (leaky)",
}


def results_block(settings: Settings) -> str:
    """Write the results of the served model and of its leaky counterparts as Markdown.

    Raises
    ------
    ValueError
        The served model has not been evaluated.
    """
    version = settings.version
    report = read_version_report(version, settings)
    whole = report.metric(Split.TEST, "accuracy")
    if whole is None:
        raise ValueError(f"outputs/{version} holds no evaluation; write it with: {report.evaluate_command}")
    base = leakage_baseline(version, settings)
    twins = {p: read_version_report(base if p is Protocol.GROUP else f"{base}-{p}", settings) for p in PROTOCOLS}
    lines = [
        f"Version {version} on its test split: {whole.n:,} images in {whole.groups:,} groups (a group is all images of "
        "a patient, with their near-duplicates). Intervals are 95%, by bootstrap over groups.",
        "",
        *_measures(report),
        "",
        *_seeds(version, settings),
        *_outside({name: read_version_report(name, settings) for name in _with_recipe(settings)}),
        *_left_out(settings),
        f"One recipe ({base}), trained and tested on three splits. The leaky ones have near-duplicates of test images, "
        "and other images of the same patients, in their training set.",
        "",
        *_protocols(twins),
        *_own_official(version, base, settings),
        *comparison_lines(settings),
    ]
    return "\n".join(lines) + "\n"


def _with_recipe(settings: Settings) -> list[str]:
    """Measured versions without runs for comparison, such as seeds; their models need not be at hand."""
    return [name for name in list_evaluated_runs(settings) if (settings.recipes / f"{name}.toml").is_file()]


def _measures(report: VersionReport) -> list[str]:
    rows = ["| Measure | Value (95% interval) |", "| --- | --- |"]
    for name, title in MEASURES.items():
        estimate = report.metric(Split.TEST, name)
        if estimate is not None:
            rows.append(f"| {title} | {estimate.percent() if name not in ('roc_auc', 'ece') else estimate.plain()} |")
    return rows


def _seeds(version: str, settings: Settings) -> list[str]:
    """How far the numbers move from seed to seed; nothing where there is but one."""
    seeded = runs_by_seed(version, settings)
    rows = []
    for split, names in ((str(Split.TEST), tuple(MEASURES)), ("outside", OUTSIDE)):
        for name in names:
            found = [seed_spread(reports, split, name) for reports in seeded.values()]
            if any(found):
                title = MEASURES[name] if split == Split.TEST else f"Outside: {METRIC_TITLES[name]}"
                told = ("" if s is None else s.plain() if name in ("roc_auc", "ece") else s.percent() for s in found)
                rows.append(f"| {title} | {' | '.join(told)} |")
    if not rows:
        return []
    fitted = " and ".join(f"{name} with {len(reports)} seeds" for name, reports in seeded.items())
    head = f"Fitted again, {fitted}: mean, standard deviation, and range.{shared_teachers_note(version, seeded)}"
    return [head, "", f"| Measure | {' | '.join(seeded)} |", f"| --- {'| --- ' * len(seeded)}|", *rows, ""]


def _outside(reports: dict[str, VersionReport]) -> list[str]:
    """How the versions that were tried on scans of other collections did there; nothing where none was."""
    tried = {name: report for name, report in reports.items() if report.metric("outside", "roc_auc")}
    if not tried:
        return []
    rows = [
        "Tumours of another collection: pictures of the yes/no set that are no near copy of an image of this one, "
        "against the healthy test scans. No version in this table was trained, chosen or calibrated on them; the "
        "`yesno-...` versions learn from them and are left out. Accuracy is of what a version tells.",
        "",
        "| Version | Accuracy here | ROC area outside | Tumours called outside | False alarms |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, report in tried.items():
        inside = report.metric(Split.TEST, "accuracy")
        cells = ["" if inside is None else inside.percent()]
        for key in OUTSIDE:
            estimate = report.metric("outside", key)
            cells.append("" if estimate is None else estimate.plain() if key == "roc_auc" else estimate.percent())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return [*rows, ""]


def _left_out(settings: Settings) -> list[str]:
    """How tumours fare of an origin that was kept from training."""
    lines = []
    for run in read_holdout_reports(settings.version, settings):
        tried = run.metric(HOLDOUT_SPLIT, "tumor_sensitivity")
        if tried is not None:
            taught = "taught" if run.card_value("recipe", "teachers") else "untaught"
            lines += [
                f"`{run.version}` ({run.card_value('recipe', 'fit', 'epochs')} epochs, {taught}) never saw the {tried.n} "
                f"tumours of the origin {run.card_value('recipe', 'leave_out')}, in {tried.groups} groups: "
                f"{_lowered(summarize_holdout_source(run.evaluation[HOLDOUT_SPLIT]))}",
                "",
            ]
    return lines


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _protocols(reports: dict[Protocol, VersionReport]) -> list[str]:
    rows = ["| Images dealt | Test accuracy | Test loss | Test images |", "| --- | --- | --- | --- |"]
    for protocol, title in PROTOCOLS.items():
        accuracy, loss = (reports[protocol].metric(Split.TEST, name) for name in ("accuracy", "loss"))
        if accuracy is None or loss is None:
            continue
        rows.append(f"| {title} | {accuracy.percent()} | {loss.plain()} | {accuracy.n:,} |")
    return rows


def _own_official(version: str, base: str, settings: Settings) -> list[str]:
    """The served version on the split that papers report, where the table above is of another one."""
    found = read_version_report(f"{version}-{Protocol.OFFICIAL}", settings).metric(Split.TEST, "accuracy")
    if version == base or found is None:
        return []
    return ["", f"{version} itself, trained and tested on the Kaggle folders: accuracy {found.percent()}."]
