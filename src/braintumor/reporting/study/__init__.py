"""Results of whole studies: what reports, CSV files and records say of them."""
