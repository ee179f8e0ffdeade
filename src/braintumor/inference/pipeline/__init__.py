"""The steps of reading a slice before and after the network, for single slices and for batches."""
