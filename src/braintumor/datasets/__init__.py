"""The images: download, audit, split, masks, phantoms."""
