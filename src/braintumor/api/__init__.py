"""Web server: account pages, REST API, and the login before the dashboard."""
