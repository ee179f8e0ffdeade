"""Make the samples and previews that ship with the package from the downloaded image sets."""
