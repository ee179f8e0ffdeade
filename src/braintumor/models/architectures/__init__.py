"""Network architectures, one module each with a `build` function."""
