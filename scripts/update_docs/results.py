"""Results of the served model: headline numbers, seeds, external set and the effect of leakage."""

from collections.abc import Iterable, Mapping
from typing import Final

from braintumor.enums import CLASSES, EXTERNAL_SPLIT, HOLDOUT_SPLIT, Plane, Protocol, Split
from braintumor.inference.decision import describe_rule
from braintumor.inference.runs import Run
from braintumor.models.recipe import find_recipes, load_recipe
from braintumor.results.metric import Metric
from braintumor.results.other_sources import (
    TEST_PATIENTS,
    current_sources_check,
    false_alarms_by_source,
    read_leave_one_source_out,
    suspected_in_left_out_sources,
    tumor_free_by_plane,
)
from braintumor.results.seeds import SeedSpread, runs_by_seed, seed_spread, shared_teachers_note
from braintumor.results.stress_test import StressTestResult
from braintumor.results.summaries import summarize_holdout_source
from braintumor.results.version import (
    VersionReport,
    list_evaluated_runs,
    read_holdout_reports,
    read_version_report,
)
from braintumor.settings import Settings
from braintumor.text import capitalize_first

TEST_TITLES: Final = {
    "accuracy": "Accuracy, four classes",
    "macro_f1": "Macro F1",
    "tumor_sensitivity": "Sensitivity for any tumour",
    "tumor_specificity": "Specificity for any tumour",
    "roc_auc": "AUC, tumour against no tumour",
    "ece": "Calibration error",
}
EXTERNAL_TITLES: Final = {
    "roc_auc": "External set: AUC",
    "flagged": "External set: tumours flagged",
    "false_alarms": "External set: false positives",
}
HEADLINE: Final = (
    (Split.TEST, "accuracy"), (Split.TEST, "tumor_sensitivity"), (Split.TEST, "tumor_specificity"),
    (Split.TEST, "roc_auc"),
)  # fmt: skip
PROTOCOL_TITLES: Final = {
    Protocol.GROUP: "by group: patients and near-duplicates kept together",
    Protocol.OFFICIAL: "official: the Kaggle folders Training and Testing (leaks)",
    Protocol.RANDOM: "random: single images (leaks)",
}
_NOT_PERCENT: Final = ("roc_auc", "ece")


def headline_block(settings: Settings) -> str:
    """Write the headline numbers of the README for the served model as Markdown.

    False alarms are stated by plane and source if they were measured on other sources, otherwise as one specificity.
    """
    report = _evaluated_report(settings)
    check = current_sources_check(report)
    rows = [["Metric", "Value (95% CI)", "Measured on"]]
    for split, name in HEADLINE:
        metric = report.metric(split, name)
        if metric is not None and not (check and name == "tumor_specificity"):
            rows.append([_title(split, name), _format_metric(name, metric), _sample_size(split, metric)])
    if flagged := suspected_in_left_out_sources(report):
        rows.append(["Tumours flagged, sources never trained on", flagged.percent(), flagged.sample_size("group")])
    text = (
        f"Model {report.version}, the default. 95% confidence intervals by bootstrap (0 and 100%: exact) over groups: "
        "all images of a patient with their near-duplicates."
    )
    return paragraphs(text, markdown_table(rows), *_false_alarm_tables(report, check))


def _false_alarm_tables(report: VersionReport, check: StressTestResult | None) -> list[str]:
    """Tabulate tumour-free slices that are flagged, by plane and by source; nothing if not measured."""
    if check is None:
        return []
    held_out = read_leave_one_source_out(report)
    columns = [("As served", check), *([("Source held out of training", held_out)] if held_out else [])]
    tables = [tumor_free_by_plane(each) | false_alarms_by_source(each) for _, each in columns]
    names = [name.removesuffix(TEST_PATIENTS) for table in tables for name in table]
    rows = [["Tumour-free slices flagged", *(title for title, _ in columns)]]
    for name in dict.fromkeys(names):
        metrics = [table.get(name) or table.get(f"{name}{TEST_PATIENTS}") for table in tables]
        cells = ["" if each is None else f"{each.percent()}; {each.sample_size('group')}" for each in metrics]
        rows.append([name if name not in list(Plane) else f"All sources, {name}", *cells])
    text = (
        "False positives on other sources. As served: with the served model; for sources in its training set, on test "
        "patients only. Source held out: with a network trained without that source, which is the better estimate for "
        "other scanners."
    )
    return [text, markdown_table(rows)]


def metrics_block(settings: Settings) -> str:
    """Write the metrics of the served model on its test split as Markdown."""
    report = _evaluated_report(settings)
    metrics = {name: report.metric(Split.TEST, name) for name in TEST_TITLES}
    rows = [[TEST_TITLES[name], _format_metric(name, metric)] for name, metric in metrics.items() if metric is not None]
    accuracy = metrics["accuracy"]
    size = "" if accuracy is None else f": {_sample_size(Split.TEST, accuracy)}"
    rule = f"Verdict by tumour probability: {describe_rule(report.card.thresholds)}" if report.card else ""
    text = f"Model {report.version} on its test split{size}. {rule}".rstrip()
    return paragraphs(text, markdown_table([["Metric", "Value (95% CI)"], *rows]))


def seeds_block(settings: Settings) -> str:
    """Write the mean, standard deviation and range of each metric over seeds as Markdown.

    Raises
    ------
    ValueError
        No model was trained with several seeds.
    """
    runs = runs_by_seed(settings.version, settings)
    metrics = [(str(Split.TEST), name) for name in TEST_TITLES] + [(EXTERNAL_SPLIT, name) for name in EXTERNAL_TITLES]
    rows = []
    for split, name in metrics:
        spreads = [seed_spread(reports, split, name) for reports in runs.values()]
        if any(spreads):
            rows.append([_title(split, name), *("" if s is None else _format_metric(name, s) for s in spreads)])
    if not rows:
        raise ValueError(f"outputs has no other seed; train one with: braintumor train {settings.version} --seed 2")
    counts = " and ".join(f"{name} with {len(reports)} seeds" for name, reports in runs.items())
    own = settings.version in runs
    network = "" if own else f"{settings.version} has the network of {next(iter(runs))} with another class layer. "
    text = f"{network}Retrained: {counts}. Mean ± standard deviation (range).{shared_teachers_note(runs)}"
    return paragraphs(text, markdown_table([["Metric", *runs], *rows]))


def external_block(settings: Settings) -> str:
    """Write the results of every model on the external set and on held-out sources as Markdown."""
    reports = {name: read_version_report(name, settings) for name in _models_with_recipe(settings)}
    titles = [title.partition(": ")[2] for title in EXTERNAL_TITLES.values()]
    rows = [["Model", "Accuracy, test split", *map(capitalize_first, titles)]]
    for name, report in reports.items():
        if report.metric(EXTERNAL_SPLIT, "roc_auc") is not None:
            metrics = {key: report.metric(EXTERNAL_SPLIT, key) for key in EXTERNAL_TITLES}
            rows.append([name, *_cells({"accuracy": report.metric(Split.TEST, "accuracy")}), *_cells(metrics)])
    text = (
        "Tumour images of the binary set that are not near-duplicates of any image here, against the tumour-free test "
        "scans. No model in this table was trained, selected or calibrated on them; models trained on the binary set "
        "are left out. For a binary model, accuracy is tumour against no tumour."
    )
    return paragraphs(text, markdown_table(rows), *_holdout_sentences(settings))


def leakage_block(settings: Settings) -> str:
    """Write the results of the recipes that were also trained on splits with leakage as Markdown."""
    rows = [["Recipe", "Images assigned", "Test accuracy", "Test loss", "Test images"]]
    models = _models_with_random_run(settings)
    for version in models:
        for protocol, title in PROTOCOL_TITLES.items():
            report = read_version_report(Run(version, protocol).name, settings)
            accuracy, loss = (report.metric(Split.TEST, name) for name in ("accuracy", "loss"))
            if accuracy is not None and loss is not None:
                rows.append([version, title, accuracy.percent(), loss.plain(), f"{accuracy.n:,}"])
    text = (
        "The same recipe, trained and tested on different splits. On a split with leakage, near-duplicates of test "
        "images and other images of the same patients are in the training set."
    )
    official = read_version_report(Run(settings.version, Protocol.OFFICIAL).name, settings).metric(
        Split.TEST, "accuracy"
    )
    own = (
        f"{settings.version} trained and tested on the Kaggle folders: accuracy {official.percent()}."
        if official
        else ""
    )
    return paragraphs(text, markdown_table(rows), *([own] if own and settings.version not in models else []))


def _models_with_random_run(settings: Settings) -> list[str]:
    """Four-class models that were also trained on the random split."""
    names = set(list_evaluated_runs(settings))
    models = [name for name in _models_with_recipe(settings) if Run(name, Protocol.RANDOM).name in names]
    return [name for name in models if load_recipe(name, settings).outputs == len(CLASSES)]


def _evaluated_report(settings: Settings) -> VersionReport:
    report = read_version_report(settings.version, settings)
    if report.metric(Split.TEST, "accuracy") is None:
        raise ValueError(f"outputs/{report.version} has no evaluation; run: {report.evaluate_command}")
    return report


def _models_with_recipe(settings: Settings) -> list[str]:
    """Evaluated models, without repeated runs; their model files may be absent."""
    recipes = find_recipes(settings)
    return [name for name in list_evaluated_runs(settings) if name in recipes]


def _holdout_sentences(settings: Settings) -> list[str]:
    """Describe how each run without one source dataset does on the tumours of that source."""
    sentences = []
    for run in read_holdout_reports(settings.version, settings):
        tumors = run.metric(HOLDOUT_SPLIT, "tumor_sensitivity")
        if tumors is not None:
            teachers = "with" if run.recipe.get("teachers") else "without"
            sentences.append(
                f"`{run.version}` ({run.recipe.get('fit', {}).get('epochs')} epochs, {teachers} teachers) never saw "
                f"the {tumors.n} tumours of the source dataset {run.recipe.get('holdout_source')} "
                f"({tumors.groups} groups). {summarize_holdout_source(run.evaluation[HOLDOUT_SPLIT])}"
            )
    return sentences


def _title(split: str, name: str) -> str:
    return EXTERNAL_TITLES[name] if split == EXTERNAL_SPLIT else TEST_TITLES[name]


def _format_metric(name: str, metric: Metric | SeedSpread) -> str:
    if name not in _NOT_PERCENT:
        return metric.percent()
    return metric.plain(3) if isinstance(metric, Metric) else metric.plain()


def _cells(metrics: Mapping[str, Metric | None]) -> list[str]:
    return ["" if metric is None else _format_metric(name, metric) for name, metric in metrics.items()]


def _sample_size(split: str, metric: Metric) -> str:
    groups = (
        "" if metric.groups is None else f", {metric.groups:,} {'clusters' if split == EXTERNAL_SPLIT else 'groups'}"
    )
    return f"{metric.n or 0:,} images{groups}"


def markdown_table(rows: Iterable[Iterable[str]]) -> str:
    """Write a table as Markdown; the first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{' --- |' * (head.count('|') - 1)}", *body])


def paragraphs(*parts: str) -> str:
    """Join paragraphs and tables."""
    return "\n\n".join(parts) + "\n"
