"""Writes the generated parts of README and docs from `outputs`: `make readme`. No number there is typed by hand."""
