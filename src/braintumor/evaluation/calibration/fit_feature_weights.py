"""Fit a logistic regression to the strongest features of the network."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_DIGITS: Final = 5  # significant digits of the weights in the card


def fit_feature_weights(
    features: NDArray[np.floating], is_positive: NDArray[np.bool_], *, count: int, inverse_penalty: float
) -> dict[str, Any]:
    """Fit weights to the features that have the strongest weights if all are used.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
        Of training scans.
    is_positive : ndarray of bool, shape (n,)
        Which of them show what is to be recognized; both answers have the same weight.
    count : int
        Largest number of features used, to keep the card small.
    inverse_penalty : float
        Inverse strength of the L2 penalty on the weights of standardized features.

    Returns
    -------
    dict
        `features`, `weights` and `bias` of a `FeatureClassifier`.
    """
    every = np.arange(features.shape[1])
    strongest = np.argsort(-np.abs(_fit(features, is_positive, every, inverse_penalty)[0]))[:count]
    used = np.sort(strongest)
    weights, scaler, intercept = _fit(features, is_positive, used, inverse_penalty)
    raw = weights / scaler.scale_
    return {
        "features": tuple(map(int, used)),
        "weights": tuple(_round(weight) for weight in raw),
        "bias": _round(intercept - raw @ scaler.mean_),
    }


def upper_limit(scores: NDArray[np.float64], rate: float) -> float:
    """Return the lowest limit that at most a share of the scores (n,) reaches; minus infinity without scores."""
    return float(np.nextafter(np.sort(scores)[::-1][int(rate * len(scores))], np.inf)) if len(scores) else -np.inf


def _fit(
    features: NDArray[np.floating], is_positive: NDArray[np.bool_], used: NDArray[np.int64], inverse_penalty: float
) -> tuple[NDArray[np.float64], StandardScaler, float]:
    """Return weights for standardized features, their scaler and the intercept."""
    scaler, regression = StandardScaler(), LogisticRegression(C=inverse_penalty, class_weight="balanced", max_iter=5000)
    make_pipeline(scaler, regression).fit(np.asarray(features[:, used], np.float64), is_positive)
    return regression.coef_[0], scaler, float(regression.intercept_[0])


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
