"""Questions to an optional language model about a reading; every sentence of an answer is checked against the facts."""
