"""DICOM: read by a whitelist of tags in a process of its own, grouped into series, windowed into scans."""
