"""Every route of a running application, from its route table, so that a new one is attacked by itself."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

IDS = ("scan_id", "reading_id", "job_id", "user_id", "token_id")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def iter_routes(app: Any) -> Iterator[tuple[str, str]]:
    """Yield method and path template of each route; not those that answer unknown addresses, and not the dashboard."""
    for route in app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        for each in contexts() if contexts else [route]:
            if hasattr(each, "methods") and ":path}" not in each.path:
                yield from ((method, each.path) for method in sorted(each.methods - {"HEAD", "OPTIONS"}))


def fill(path: str, **ids: str) -> str:
    """Fill in a path template; ids that are not given do not exist."""
    values = {"version": "v4", "name": "swagger-ui.css", **dict.fromkeys(IDS, str(uuid4())), **ids}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)
