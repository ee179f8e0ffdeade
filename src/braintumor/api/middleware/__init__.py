"""ASGI middleware around the API and the dashboard: login, headers, limits and log."""
