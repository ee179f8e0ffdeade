"""Background jobs: what they do, and the workers that do them."""
