"""One architecture per file, and recipes that name them. Keras lives only here and in training."""
