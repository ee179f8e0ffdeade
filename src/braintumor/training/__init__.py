"""Training: data, augmentation, training loop, export and ensembles."""
