"""Write the generated parts of the README and the docs from `outputs`: `make readme`."""
