"""Random labels and scores of a binary task."""

import numpy as np


def random_scores(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each scan has a tumour, both classes included, and overlapping tumour probabilities."""
    generator = np.random.default_rng(seed)
    is_tumor = generator.random(count) < 0.6
    is_tumor[:2] = True, False
    return is_tumor, np.clip(generator.normal(np.where(is_tumor, 0.65, 0.35), 0.2), 0.001, 0.999)
