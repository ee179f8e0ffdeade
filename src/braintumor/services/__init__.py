"""Use cases shared by the pages and the command line."""
