"""The size of the shortcut: how well a plain classifier tells classes and origins apart from image facts alone."""

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
    """Ask four questions of the facts.

    Parameters
    ----------
    table : DataFrame
        The facts joined with the manifest: the keys of `FACTS`, and `label`, `origin`, `group`.

    Returns
    -------
    dict of str to dict
        `class` (all four), `tumor` (any tumour or none), `origin` (which collection), `kind` (which tumour, within
        the one collection that has most of them). See `shortcut`; a question that cannot be asked of this set has
        only `reason`.
    """
    tumours = features[features["label"] != "notumor"]
    home = tumours["origin"].mode().iloc[0] if len(tumours) else ""
    return {
        "class": measure_shortcut(features, features["label"]),
        "tumor": measure_shortcut(
            features, pd.Series(np.where(features["label"] == "notumor", "none", "tumor"), features.index)
        ),
        "origin": measure_shortcut(features, features["origin"]),
        "kind": measure_shortcut(tumours[tumours["origin"] == home], tumours.loc[tumours["origin"] == home, "label"])
        | {"origin": home},
    }


def measure_shortcut(features: pd.DataFrame, target: pd.Series) -> dict[str, Any]:
    """Cross-validate a logistic regression from image facts to `target`, no group on two sides of a fold.

    Returns
    -------
    dict
        `accuracy` and `balanced_accuracy` (mean recall), each with value, low, high (95%, bootstrap over groups), n
        and groups; `chance`, the accuracy of always saying the most common answer; `classes`; `strongest`, the facts
        of largest mean absolute weight, standardized. Only `reason` where some class has too few groups.
    """
    groups_of = features.groupby(target)["group"].nunique()
    if len(groups_of) < 2 or groups_of.min() < 2:
        return {"reason": f"needs two answers or more, with two groups or more each; has {groups_of.to_dict()}"}
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    folds = StratifiedGroupKFold(min(_FOLDS, int(groups_of.min())), shuffle=True, random_state=_SEED)
    values, truth, groups = (
        features[list(IMAGE_FEATURES)].to_numpy(float),
        target.to_numpy(str),
        features["group"].to_numpy(str),
    )
    # These matrices are small: on a busy machine, threads that wait for each other cost a hundred times the work.
    with threadpool_limits(1):
        found = cross_val_predict(model, values, truth, groups=groups, cv=folds)
        weights = np.abs(model.fit(values, truth)[-1].coef_).mean(axis=0)
    intervals = _accuracy_with_ci(truth, found, groups)
    return {
        **intervals,
        "chance": float(target.value_counts(normalize=True).iloc[0]),
        "classes": [str(name) for name in groups_of.index],
        "strongest": [list(IMAGE_FEATURES)[i] for i in np.argsort(-weights)[:5]],
    }


def _accuracy_with_ci(
    truth: NDArray[np.str_], predicted: NDArray[np.str_], groups: NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    """Accuracy and mean recall with percentile intervals, resampling whole groups."""
    names, answer = np.unique(truth, return_inverse=True)
    _, member = np.unique(groups, return_inverse=True)
    shape = (member.max() + 1, len(names))
    right, total = np.zeros(shape), np.zeros(shape)
    np.add.at(right, (member, answer), truth == predicted)
    np.add.at(total, (member, answer), 1)
    rng = np.random.default_rng(_SEED)
    draws = rng.multinomial(len(right), np.full(len(right), 1 / len(right)), size=_RESAMPLES)

    def accuracy(r: NDArray, t: NDArray) -> NDArray:
        return r.sum(-1) / t.sum(-1)

    def balanced(r: NDArray, t: NDArray) -> NDArray:
        with np.errstate(invalid="ignore"):
            return np.nanmean(r / t, axis=-1)

    measures: Iterable[tuple[str, Callable[[NDArray, NDArray], NDArray]]]
    measures = (("accuracy", accuracy), ("balanced_accuracy", balanced))
    result = {}
    for name, measure in measures:
        low, high = np.percentile(measure(draws @ right, draws @ total), [2.5, 97.5])
        value = float(measure(right.sum(0), total.sum(0)))
        result[name] = {
            "value": value, "low": float(low), "high": float(high), "n": len(truth), "groups": len(right),
        }  # fmt: skip
    return result
