"""Routes of the REST API. Each calls a function of `services`, `db`, `auth` or `jobs`, and turns the result into JSON."""
