"""Sentences that summarize metrics for a reader; empty if a metric they need is missing."""

import math
from collections.abc import Iterable
from typing import Final

from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.results.metric import Metric, Metrics
from braintumor.text import VERDICT_TITLES, verdict_text

_CONFORMAL_LEVEL: Final = 0.95
# Clusters of near-duplicates: the patients of the external images are not known.
_EXTERNAL_GROUP: Final = "cluster"


def summarize_verdicts(metrics: Metrics) -> str:
    """Summarize the verdicts on 100 tumour scans and on 100 tumour-free scans."""
    sentences = []
    for key, scans in (("tumors", "tumour scans"), ("tumor_free", "tumour-free scans")):
        shares = {verdict: metrics.get(f"{key}@verdict:{verdict}") for verdict in Verdict}
        counts = {verdict: round(100 * share.value) for verdict, share in shares.items() if share is not None}
        if not set(Verdict) - {Verdict.OUTSIDE_FIELD} <= counts.keys():
            return ""
        texts = [f"{verdict_text(verdict)} {count}" for verdict, count in counts.items() if count or verdict.has_result]
        sentences.append(f"Verdicts per 100 {scans}: {', '.join(texts)}")
    return _join_sentences(sentences)


def summarize_localization(metrics: Metrics) -> str:
    """Summarize how well the mask and the heat map agree with the reference outlines."""
    sentences = []
    if dice := metrics.get("dice"):
        sentences.append(f"Mean Dice of the mask with the reference outline: {dice.describe('plain')}")
        if pointing_game := metrics.get("pointing_game"):
            sentences.append(
                f"The most certain pixel of the mask is inside the outline in {pointing_game.describe()} of the scans"
            )
        if lowest := _lowest_subgroup(metrics, "dice", [f"/{c}" for c in CLASSES]):
            sentences.append(f"Dice is lowest for {_class_text(lowest[0])}: {lowest[1].describe('plain')}")
    inside, outline_share = metrics.get("activation_inside"), metrics.get("outline_share")
    if inside and outline_share and outline_share.value > 0:
        sentences.append(
            f"{inside.describe()} of the heat map's evidence is inside the outlines, "
            f"{inside.value / outline_share.value:.1f} times as much as if it were spread evenly over the image"
        )
    return _join_sentences(sentences)


def summarize_uncertainty(metrics: Metrics) -> str:
    """Summarize how many scans are uncertain and how often the other verdicts are wrong."""
    sentences = []
    uncertain = metrics.get(f"share@verdict:{Verdict.UNCERTAIN}")
    false_positives = metrics.get(f"error@verdict:{Verdict.TUMOR_SUSPECTED}")
    misses = metrics.get(f"error@verdict:{Verdict.NO_TUMOR_FOUND}")
    if uncertain:
        sentences.append(f"{uncertain.describe()} of the scans are uncertain and left to the reader")
    if false_positives and misses:
        sentences.append(
            f"Of the scans with a suspected tumour, {false_positives.describe()} have none; of those where no tumour "
            f"was found, {misses.describe()} have one"
        )
    accuracy, risk = metrics.get("accuracy"), metrics.get("risk@coverage:90")
    if accuracy and risk:
        sentences.append(
            f"If only the most certain 90% were classified, {risk.describe()} of them would be wrong, compared with "
            f"{1 - accuracy.value:.1%} of all scans"
        )
    return _join_sentences(sentences)


def summarize_prediction_sets(metrics: Metrics) -> str:
    """Summarize how often prediction sets contain the true class, and how large they are."""
    coverage, size = metrics.get("set_coverage"), metrics.get("set_size")
    if coverage is None or size is None:
        return ""
    sentences = [
        f"Prediction sets are calibrated to contain the true class in {_CONFORMAL_LEVEL:.0%} of the scans; on these "
        f"images they do in {coverage.describe()}"
    ]
    if lowest := _lowest_subgroup(metrics, "set_coverage", [f"/{c}" for c in CLASSES]):
        sentences.append(f"Coverage is lowest for {_class_text(lowest[0])}: {lowest[1].describe()}")
    sentences.append(f"Mean number of classes in a set: {size.describe('plain')}")
    return _join_sentences(sentences)


def summarize_subgroups(metrics: Metrics) -> str:
    """Name the subgroup with the lowest accuracy, and whether it is significantly below the overall accuracy."""
    overall = metrics.get("accuracy")
    suffixes = [name.removeprefix("accuracy") for name in metrics if name.startswith("accuracy@")]
    lowest = _lowest_subgroup(metrics, "accuracy", suffixes)
    if overall is None or lowest is None:
        return ""
    attribute, _, value = lowest[0][1:].partition(":")
    title = {"size": "tumour size", "origin": "source dataset"}.get(attribute, attribute)
    is_lower = lowest[1].interval is not None and lowest[1].interval[1] < overall.value
    return (
        f"Accuracy is lowest for {title} {value}: {lowest[1].describe()}, compared with {overall.describe()} overall. "
        f"This is {'below' if is_lower else 'not significantly below'} the overall accuracy"
        f"{'' if is_lower else ', because its interval includes it'}."
    )


def summarize_external(metrics: Metrics) -> str:
    """Summarize the results on the external set."""
    auc, flagged, false_positives = (metrics.get(name) for name in ("roc_auc", "flagged", "false_alarms"))
    if auc is None or flagged is None or false_positives is None:
        return ""
    sentences = [
        "On tumours from another collection, AUC against held-out tumour-free scans: "
        f"{auc.describe('plain', _EXTERNAL_GROUP, 3)}",
        f"At the shipped thresholds, {flagged.describe(group=_EXTERNAL_GROUP)} of these tumours are flagged, and "
        f"{false_positives.describe()} of the tumour-free scans",
    ]
    if either := metrics.get("flagged_or_uncertain"):
        sentences.append(f"{either.describe(group=_EXTERNAL_GROUP)} of the tumours are flagged or uncertain")
    return _join_sentences(sentences)


def summarize_holdout_source(metrics: Metrics) -> str:
    """Summarize the verdicts on tumours of a source dataset that was left out of training."""
    sensitivity = metrics.get("tumor_sensitivity")
    shares = {verdict: metrics.get(f"tumors@verdict:{verdict}") for verdict in Verdict}
    flagged = shares[Verdict.TUMOR_SUSPECTED]
    if sensitivity is None or flagged is None:
        return ""
    others = [f"{VERDICT_TITLES[each]} {share.percent()}" for each in list(Verdict)[1:] if (share := shares[each])]
    return (
        f"For {sensitivity.describe()} of these tumours, the most likely class is a tumour. "
        f"Verdicts: {', '.join([f'{VERDICT_TITLES[Verdict.TUMOR_SUSPECTED]} {flagged.percent()}', *others])}."
    )


def summarize_domain_probe(metrics: Metrics) -> str:
    """Summarize how well the source dataset can be predicted from the features of the network."""
    among_tumors = metrics.get("roc_auc@source:sartaj")
    auc = among_tumors or metrics.get("roc_auc@source:br35h")
    if auc is None:
        return ""
    scans = "among tumours " if among_tumors else ""
    return (
        f"AUC for predicting the source dataset {scans}from the features of the network: "
        f"{auc.describe('plain', digits=3)}. "
        "0.50 would mean that they say nothing about it."
    )


def summarize_robustness(metrics: Metrics, corruptions: Iterable[str]) -> str:
    """Name the corruptions that lower accuracy most and least at the highest severity."""
    clean = metrics.get("accuracy")
    corrupted = {name: metrics[f"accuracy@{name}:5"] for name in corruptions if f"accuracy@{name}:5" in metrics}
    if clean is None or not corrupted:
        return ""
    worst = min(corrupted, key=lambda name: corrupted[name].value)
    best = max(corrupted, key=lambda name: corrupted[name].value)
    return (
        f"Accuracy without corruption: {clean.describe()}. At the highest severity, {worst} lowers it most, to "
        f"{corrupted[worst].describe()}, and {best} least, to {corrupted[best].describe()}."
    )


def summarize_robustness_sample(sample: Metrics, test: Metrics) -> str:
    """Say which test scans were corrupted, and why their accuracy is not that of all test scans."""
    accuracy, overall = sample.get("accuracy"), test.get("accuracy")
    if accuracy is None or overall is None or accuracy.n is None or overall.n is None or accuracy.n >= overall.n:
        return ""
    return (
        f"Measured on {accuracy.n:,} of the {overall.n:,} test scans, sampled evenly across the groups. Without "
        f"corruption, accuracy is {accuracy.value:.1%} on these and {overall.value:.1%} on all test scans."
    )


def summarize_explanation_sanity(metrics: Metrics) -> str:
    """Summarize whether the heat map depends on the weights, and whether the pixels it highlights matter."""
    sentences = []
    if agreement := metrics.get("map_agreement@randomized:100"):
        effect = "changes the heat map completely" if abs(agreement.value) < 0.2 else "hardly changes the heat map"
        sentences.append(
            f"Randomizing all weights {effect}: rank correlation with the original map {agreement.describe('plain')}"
        )
    for name, action in (("deletion_gain", "Deleting"), ("insertion_gain", "Inserting")):
        if gain := metrics.get(name):
            low, high = gain.interval or (-math.inf, math.inf)
            relation = "better" if low > 0 else "worse" if high < 0 else "not significantly better"
            size = Metric(-gain.value, (-high, -low), gain.n, gain.groups) if relation == "worse" else gain
            sentences.append(
                f"{action} pixels in the order of the map is {relation} than in random order: difference in area "
                f"under the curve {size.describe('plain')}"
            )
    return _join_sentences(sentences)


def summarize_latency(metrics: Metrics) -> str:
    """Summarize the time of one prediction, and what mask, heat map and out-of-distribution score add to it."""
    total, class_only, keras = (metrics.get(name) for name in ("ms@stage:total", "ratio@way:bare", "ratio@way:keras"))
    sentences = []
    if total:
        sentences.append(f"Median time from file to verdict: {total.value:.1f} ms per scan")
    if class_only:
        sentences.append(
            "With mask, heat map and out-of-distribution score, a prediction takes "
            f"{class_only.describe('plain')} times as long as the class alone"
        )
    if keras:
        sentences.append(f"Keras takes {keras.value:.1f} times as long for the same network")
    return _join_sentences(sentences)


def _lowest_subgroup(metrics: Metrics, name: str, suffixes: Iterable[str]) -> tuple[str, Metric] | None:
    """Return suffix and metric with the lowest value; None with fewer than two."""
    subgroups = [(suffix, metrics[f"{name}{suffix}"]) for suffix in suffixes if f"{name}{suffix}" in metrics]
    return min(subgroups, key=lambda pair: pair[1].value) if len(subgroups) > 1 else None


def _class_text(suffix: str) -> str:
    return TumorClass(suffix.removeprefix("/")).title.lower()


def _join_sentences(sentences: list[str]) -> str:
    return f"{'. '.join(sentences)}." if sentences else ""
