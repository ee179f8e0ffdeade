"""Scripts of the repository: environment, lock files, notebooks and generated documentation."""
