"""Containers of scans: gzip content, NIfTI headers and pairs, names in ZIP archives, and formats that are not read."""
