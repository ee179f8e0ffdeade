"""Scans that ship with the package: samples to try, and small previews of test and validation images."""
