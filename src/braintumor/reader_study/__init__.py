"""Practice cases and the comparison of a reader with the model."""
