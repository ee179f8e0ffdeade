"""Stress tests of a model: external data, robustness, latency, explanations."""
