"""Background jobs as rows: created and watched by users, done by workers."""
