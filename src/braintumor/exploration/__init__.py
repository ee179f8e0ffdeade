"""What the classes look like: average, variability, difference, montage."""
