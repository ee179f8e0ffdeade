"""The six hypotheses follow from the measured metrics."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASSES, TumorClass
from braintumor.results.effect_size import ClassAverage
from braintumor.results.hypotheses import HYPOTHESES_COMMAND, evaluate_hypotheses, most_frequent_class_share
from braintumor.results.hypothesis_status import Experiments, HypothesisStatus
from braintumor.results.metric import Curves, Metric
from braintumor.results.version import VersionReport


def _report(version: str = "v1", curves: dict[str, Curves] | None = None, **test: Metric) -> VersionReport:
    evaluation = {"test": dict(test)} if test else {}
    return VersionReport(version, Path(), None, evaluation, curves or {}, pd.DataFrame(), ())


def _image(grey: float, spread: float, groups: int = 60, images: int = 1000) -> ClassAverage:
    return ClassAverage(np.full((8, 8), grey), np.full((8, 8), spread), images, groups)


def test_most_frequent_class_sets_the_target_for_accuracy() -> None:
    matrix = ((3, 0, 0, 0), (0, 3, 0, 0), (1, 1, 2, 0), (0, 0, 0, 2))
    assert most_frequent_class_share(_report(curves={"test": Curves(confusion=matrix)})) == pytest.approx(4 / 12)
    assert most_frequent_class_share(_report()) == 1 / len(CLASSES)


def _experiments(value: float, low: float, high: float) -> Experiments:
    """Return experiments with the same value for every metric."""
    metric = Metric(value, (low, high), 1000, 100)
    names = {
        "visible": ["told"],
        "augmentation": ["accuracy", "external_sensitivity"],
        "masks": ["pointing_game", "external_sensitivity"],
        "growth": ["gain@from:0.1", "exponent"],
    }
    details = {"visible": {"chance": 0.05}, "growth": {"shares": [0.1, 1.0]}}
    return Experiments(
        {experiment: dict.fromkeys(titles, metric) for experiment, titles in names.items()},
        details,
    )


def test_all_six_can_be_supported() -> None:
    good, score = Metric(0.99, (0.985, 0.995), 1000, 100), Metric(0.96, (0.955, 0.965))
    report = _report(macro_f1=score, tumor_sensitivity=good, tumor_specificity=good, accuracy=good)
    random, official = (_report(f"v1-{protocol}", macro_f1=good) for protocol in ("random", "official"))
    images: dict[TumorClass, ClassAverage] = {c: _image(0.6 if c.is_tumor else 0.3, 0.1, 300) for c in CLASSES}
    hypotheses = evaluate_hypotheses(report, random, official, images, _experiments(0.2, 0.1, 0.3))
    assert [h.status for h in hypotheses] == [HypothesisStatus.SUPPORTED] * 6


def test_opposite_results_are_not_supported() -> None:
    hypotheses = evaluate_hypotheses(_report(), _report(), _report(), {}, _experiments(-0.2, -0.3, -0.1))
    assert {h.key for h in hypotheses if h.status is HypothesisStatus.NOT_SUPPORTED} == {
        "differ",
        "augmentation",
        "masks",
        "growth",
    }


def test_without_results_all_are_undecided_with_their_commands() -> None:
    hypotheses = evaluate_hypotheses(
        _report(), _report("runs/v1/random-seed1"), _report("runs/v1/official-seed1"), {}, Experiments()
    )
    assert [h.status for h in hypotheses] == [HypothesisStatus.UNDECIDED] * 6
    commands = {h.key: h.commands for h in hypotheses}
    assert commands["differ"] == ("braintumor explore", HYPOTHESES_COMMAND)
    assert commands["classifies"] == commands["leaks"] == ("braintumor train v1",)
    assert commands["augmentation"] == commands["masks"] == commands["growth"] == (HYPOTHESES_COMMAND,)


def test_missing_class_is_named() -> None:
    images: dict[TumorClass, ClassAverage] = {c: _image(0.5, 0.1) for c in CLASSES if c is not TumorClass.GLIOMA}
    hypothesis = evaluate_hypotheses(_report(), _report(), _report(), images, _experiments(0.2, 0.1, 0.3))[0]
    assert hypothesis.conclusion == "Not measured yet: Glioma against no tumour."
