"""Use cases that pages, command line, API and jobs share."""
