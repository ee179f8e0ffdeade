"""Made-up studies: results of slices, and volumes."""
