"""What tests build for themselves: a tiny model and a complete folder of artifacts."""
