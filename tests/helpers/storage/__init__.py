"""Storage for tests: users, readings to save, a process to kill, a PostgreSQL server."""
