"""ASGI middleware around the API and the dashboard: login gate, headers, limits and log."""
