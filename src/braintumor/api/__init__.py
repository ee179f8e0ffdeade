"""Web server: account pages, REST API, and the gate before the dashboard."""
