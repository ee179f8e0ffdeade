"""Detection of pictures that were turned by 90, 180 or 270 degrees before they were saved."""
