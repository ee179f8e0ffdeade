"""Routes of the REST API. Each calls a function of `services`, `db`, `auth` or `jobs` and answers with JSON."""
