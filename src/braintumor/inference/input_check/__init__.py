"""What a picture must be before its tumour probability means anything."""
