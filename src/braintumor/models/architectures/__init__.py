"""One file for each network architecture."""
