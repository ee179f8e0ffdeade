"""Image sets: download, audit, groups, splits, masks and phantoms."""
