"""Statistics, features and leakage of the data set, with their plots and summaries."""
