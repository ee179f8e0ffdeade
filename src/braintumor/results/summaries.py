"""Sentences: what measurements mean for a reader, computed from them. Empty where a number is missing."""

import math
from collections.abc import Iterable

from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.results.metric import Metric, Metrics

_CONFORMAL_LEVEL = 0.95


def summarize_verdicts(metrics: Metrics) -> str:
    """What would happen to a hundred tumour scans and a hundred healthy ones."""
    parts = []
    for kind, name in (("tumors", "with a tumour"), ("healthy", "without")):
        shares = [metrics.get(f"{kind}@verdict:{verdict}") for verdict in Verdict]
        if any(share is None for share in shares):
            return ""
        called, cleared, unsure, refused = (round(100 * share.value) for share in shares if share is not None)
        parts.append(
            f"Of 100 scans {name}, it calls {called}, clears {cleared} and leaves {unsure} to the reader"
            + (f"; {refused} it takes for no brain MRI" if refused else "")
        )
    return f"{'. '.join(parts)}."


def summarize_localization(metrics: Metrics) -> str:
    """How well mask and class map lie on the tumours."""
    said = []
    if dice := metrics.get("dice"):
        said.append(f"The mask overlaps the outlined tumour with a mean Dice of {dice.plain()}")
        if hit := metrics.get("pointing_game"):
            said[-1] += f", and its surest pixel lies inside the outline in {hit.percent()} of the scans"
        if worst := _lowest_subgroup(metrics, "dice", [f"/{c}" for c in CLASSES]):
            said[-1] += f"; it is weakest on {TumorClass(worst[0][1:]).title.lower()}, at {worst[1].plain()}"
    inside, blind = metrics.get("activation_inside"), metrics.get("outline_share")
    if inside and blind and blind.value > 0:
        said.append(
            f"The class map puts {inside.percent()} of its evidence inside the outlines, "
            f"{inside.value / blind.value:.1f} times what evidence spread evenly over the frame would reach"
        )
    return _join_sentences(said)


def summarize_uncertainty(metrics: Metrics) -> str:
    """What leaving unsure scans to a reader is worth."""
    said = []
    unsure = metrics.get(f"share@verdict:{Verdict.UNCERTAIN}")
    alarms = metrics.get(f"error@verdict:{Verdict.TUMOR_SUSPECTED}")
    misses = metrics.get(f"error@verdict:{Verdict.NO_TUMOR_FOUND}")
    if unsure:
        said.append(f"It leaves {unsure.percent()} of the scans to the reader")
    if alarms and misses:
        said.append(f"Of those called, {alarms.percent()} are healthy; of those cleared, {misses.percent()} are not")
    accuracy, risk = metrics.get("accuracy"), metrics.get("risk@coverage:90")
    if accuracy and risk:
        said.append(
            f"Naming the class of the surest 90% only would be wrong in {risk.percent()}, against "
            f"{1 - accuracy.value:.1%} of all"
        )
    return _join_sentences(said)


def summarize_prediction_sets(metrics: Metrics) -> str:
    """Whether prediction sets hold what they promise."""
    coverage, size = metrics.get("set_coverage"), metrics.get("set_size")
    if coverage is None or size is None:
        return ""
    said = (
        f"Prediction sets promise the true class in {_CONFORMAL_LEVEL:.0%} of scans and hold it in {coverage.percent()}"
    )
    if worst := _lowest_subgroup(metrics, "set_coverage", [f"/{c}" for c in CLASSES]):
        said += f", least often for {TumorClass(worst[0][1:]).title.lower()}, in {worst[1].percent()}"
    return f"{said}. They name {size.plain()} classes on average."


def summarize_subgroups(metrics: Metrics) -> str:
    """Where accuracy is lowest, and whether that is clearly below the whole."""
    whole, found = metrics.get("accuracy"), [n for n in metrics if n.startswith("accuracy@")]
    worst = _lowest_subgroup(metrics, "accuracy", [n.removeprefix("accuracy") for n in found])
    if whole is None or worst is None:
        return ""
    kind, _, value = worst[0][1:].partition(":")
    kind = "tumour size" if kind == "size" else kind
    clear = worst[1].interval is not None and worst[1].interval[1] < whole.value
    return (
        f"Accuracy is lowest for {kind} {value}: {worst[1].percent()}, against {whole.percent()} of all; "
        f"{'clearly less' if clear else 'not clearly less, as its interval reaches that high'}."
    )


def summarize_external(metrics: Metrics) -> str:
    """How tumours of another collection fare."""
    area, called, alarms = (metrics.get(name) for name in ("roc_auc", "called", "false_alarms"))
    if area is None or called is None or alarms is None:
        return ""
    said = (
        f"Tumours of another collection are told from held-out healthy scans with an ROC area of {area.plain()}. At "
        f"the shipped thresholds {called.percent()} of them are called, at {alarms.percent()} false alarms"
    )
    if either := metrics.get("called_or_uncertain"):
        said += f"; {either.percent()} are called or left to the reader"
    return f"{said}."


def summarize_holdout_source(metrics: Metrics) -> str:
    """How tumours fare whose origin a recipe was trained without."""
    likeliest = metrics.get("tumor_sensitivity")
    shares = {verdict: metrics.get(f"tumors@verdict:{verdict}") for verdict in Verdict}
    called = shares[Verdict.TUMOR_SUSPECTED]
    if likeliest is None or called is None:
        return ""
    said = f"The likeliest class is a tumour in {likeliest.percent()} of them; {called.percent()} are called"
    rest = zip(list(Verdict)[1:], ("cleared", "left to the reader", "refused"), strict=True)
    told = [f"{share.percent()} {words}" for verdict, words in rest if (share := shares[verdict]) is not None]
    return f"{', '.join([said, *told])}."


def summarize_ood(metrics: Metrics, folders: Iterable[str], in_distribution: str) -> str:
    """How well other pictures are refused, and at what price."""
    area, price = metrics.get("roc_auc"), metrics.get(f"refused@kind:{in_distribution}")
    if area is None or price is None:
        return ""
    refused = [
        (k, metrics[f"refused@kind:{k}"]) for k in folders if k != in_distribution and f"refused@kind:{k}" in metrics
    ]
    parts = ", ".join(f"{share.value:.0%} of {kind.replace('-', ' ')} pictures" for kind, share in refused)
    return (
        f"Pictures that are no brain MRI are told from held-out scans with an ROC area of {area.value:.3f}. It refuses "
        f"{parts}, and {price.percent()} of the scans."
    )


def summarize_domain_probe(metrics: Metrics) -> str:
    """How much of where a slice is from is left in the features."""
    found = metrics.get("roc_auc@tell:sartaj") or metrics.get("roc_auc@tell:br35h")
    if found is None:
        return ""
    among = "among tumours, " if "roc_auc@tell:sartaj" in metrics else ""
    return (
        f"What the network sees still tells collections apart: {among}with an ROC area of {found.plain()}, where 0.50 "
        "would be chance."
    )


def summarize_robustness(metrics: Metrics, corruptions: Iterable[str]) -> str:
    """Which disturbance, at its strongest, costs most accuracy."""
    plain = metrics.get("accuracy")
    last = {kind: metrics[f"accuracy@{kind}:5"] for kind in corruptions if f"accuracy@{kind}:5" in metrics}
    if plain is None or not last:
        return ""
    worst = min(last, key=lambda kind: last[kind].value)
    best = max(last, key=lambda kind: last[kind].value)
    return (
        f"Undisturbed, accuracy is {plain.percent()}. At full strength {worst} costs most, leaving "
        f"{last[worst].percent()}, and {best} least, leaving {last[best].percent()}."
    )


def summarize_explanation_sanity(metrics: Metrics) -> str:
    """Whether the map depends on the weights, and whether what it points at matters."""
    said = []
    if agreement := metrics.get("map_agreement@randomized:100"):
        gone = "destroys the class map" if abs(agreement.value) < 0.2 else "leaves much of the class map as it was"
        said.append(f"Randomizing the weights {gone}: its rank correlation with the true one is {agreement.plain()}")
    for name, what in (("deletion_gain", "taking away"), ("insertion_gain", "putting back")):
        if gain := metrics.get(name):
            low, high = gain.interval or (-math.inf, math.inf)
            than = "better" if low > 0 else "worse" if high < 0 else "not clearly better"
            less = Metric(-gain.value, (-high, -low)) if than == "worse" else gain
            order = f"in the map's order is {than} than in random order"
            said.append(f"{what.capitalize()} pixels {order}, by {less.plain()} of area")
    return _join_sentences(said)


def summarize_latency(metrics: Metrics) -> str:
    """What a reading takes, and what mask, map and novelty add."""
    total, bare, keras = (metrics.get(name) for name in ("ms@stage:total", "ratio@way:bare", "ratio@way:keras"))
    said = []
    if total:
        said.append(f"Reading one scan takes {total.value:.1f} ms from file to verdict (median)")
    if bare:
        said.append(f"Mask, map and novelty included, it takes {bare.plain()} times as long as the class alone")
    if keras:
        said.append(f"Keras takes {keras.value:.1f} times as long for the same network")
    return _join_sentences(said)


def _lowest_subgroup(metrics: Metrics, name: str, parts: Iterable[str]) -> tuple[str, Metric] | None:
    """The part of `name` with the lowest value."""
    found = [(part, metrics[f"{name}{part}"]) for part in parts if f"{name}{part}" in metrics]
    return min(found, key=lambda pair: pair[1].value) if len(found) > 1 else None


def _join_sentences(sentences: list[str]) -> str:
    return f"{'. '.join(sentences)}." if sentences else ""
