"""Parts of the Summary page, one for each kind of reader."""
