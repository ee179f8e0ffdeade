"""Facts of readings for tests of explanations."""
