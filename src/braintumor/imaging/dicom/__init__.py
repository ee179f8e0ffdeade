"""DICOM files: parsed from a list of allowed tags in a separate process, and sorted into series."""
