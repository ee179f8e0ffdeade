"""External image sets: other sources of brain MRI, fetched, cut into slices and listed in a manifest of their own."""
