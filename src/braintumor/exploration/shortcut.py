"""Measure shortcuts: how well image features alone, without anatomy, predict class and origin."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.exploration.image_features import IMAGE_FEATURES

_FOLDS: Final = 5
_RESAMPLES: Final = 2000
_SEED: Final = 0


def measure_all_shortcuts(features: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Measure how well image features predict four targets.

    Parameters
    ----------
    features : DataFrame
        Image features joined with the manifest: the keys of `IMAGE_FEATURES`, and `label`, `origin`, `group`.

    Returns
    -------
    dict of str to dict
        `class` (all four), `tumor` (tumour or no tumour), `origin` (collection), `kind` (tumour type, within the
        collection with most tumours). See `measure_shortcut`; a target that cannot be tested has only `reason`.
    """
    tumors = features[features["label"] != "notumor"]
    main_origin = tumors["origin"].mode().iloc[0] if len(tumors) else ""
    same_origin = tumors[tumors["origin"] == main_origin]
    return {
        "class": measure_shortcut(features, features["label"]),
        "tumor": measure_shortcut(
            features, pd.Series(np.where(features["label"] == "notumor", "none", "tumor"), features.index)
        ),
        "origin": measure_shortcut(features, features["origin"]),
        "kind": measure_shortcut(same_origin, same_origin["label"]) | {"origin": main_origin},
    }


def measure_shortcut(features: pd.DataFrame, target: pd.Series) -> dict[str, Any]:
    """Cross-validate a logistic regression from image features to `target`, with folds that do not split groups.

    Returns
    -------
    dict
        `accuracy` and `balanced_accuracy` (mean recall), each with value, low, high (95% CI, bootstrap over groups),
        n and groups; `chance`, the accuracy of always predicting the most common class; `classes`; `strongest`, the
        standardized features with the largest mean absolute weight. Only `reason` if a class has too few groups.
    """
    groups_per_class = features.groupby(target)["group"].nunique()
    if len(groups_per_class) < 2 or groups_per_class.min() < 2:
        return {"reason": f"needs two classes or more, with two groups or more each; has {groups_per_class.to_dict()}"}
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    folds = StratifiedGroupKFold(min(_FOLDS, int(groups_per_class.min())), shuffle=True, random_state=_SEED)
    values, truth, groups = (
        features[list(IMAGE_FEATURES)].to_numpy(float),
        target.to_numpy(str),
        features["group"].to_numpy(str),
    )
    # For matrices this small, thread synchronization can take a hundred times longer than the computation.
    with threadpool_limits(1):
        predicted = cross_val_predict(model, values, truth, groups=groups, cv=folds)
        weights = np.abs(model.fit(values, truth)[-1].coef_).mean(axis=0)
    intervals = _accuracy_with_ci(truth, predicted, groups)
    return {
        **intervals,
        "chance": float(target.value_counts(normalize=True).iloc[0]),
        "classes": [str(name) for name in groups_per_class.index],
        "strongest": [list(IMAGE_FEATURES)[i] for i in np.argsort(-weights)[:5]],
    }


def _accuracy_with_ci(
    truth: NDArray[np.str_], predicted: NDArray[np.str_], groups: NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    """Return accuracy and mean recall with percentile intervals from resampling whole groups."""
    names, class_index = np.unique(truth, return_inverse=True)
    _, group_index = np.unique(groups, return_inverse=True)
    shape = (group_index.max() + 1, len(names))
    correct, total = np.zeros(shape), np.zeros(shape)
    np.add.at(correct, (group_index, class_index), truth == predicted)
    np.add.at(total, (group_index, class_index), 1)
    rng = np.random.default_rng(_SEED)
    draws = rng.multinomial(len(correct), np.full(len(correct), 1 / len(correct)), size=_RESAMPLES)

    def accuracy(correct: NDArray, total: NDArray) -> NDArray:
        return correct.sum(-1) / total.sum(-1)

    def balanced(correct: NDArray, total: NDArray) -> NDArray:
        with np.errstate(invalid="ignore"):
            return np.nanmean(correct / total, axis=-1)

    metrics: Iterable[tuple[str, Callable[[NDArray, NDArray], NDArray]]]
    metrics = (("accuracy", accuracy), ("balanced_accuracy", balanced))
    result = {}
    for name, metric in metrics:
        low, high = np.percentile(metric(draws @ correct, draws @ total), [2.5, 97.5])
        value = float(metric(correct.sum(0), total.sum(0)))
        result[name] = {
            "value": value, "low": float(low), "high": float(high), "n": len(truth), "groups": len(correct),
        }  # fmt: skip
    return result
