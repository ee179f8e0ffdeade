"""A language model on this computer that answers what a test tells it to."""
