"""Recipes and the networks they describe."""
