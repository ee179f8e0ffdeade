"""Ablation studies and hypothesis tests."""
