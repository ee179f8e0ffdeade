"""Ablation studies: training runs with one change each, and tests of the hypotheses."""
