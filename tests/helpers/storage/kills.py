"""How many processes a test kills."""

import os


def kill_count(default: int) -> int:
    """Return the number of moments at which a process is killed; BRAINTUMOR_KILLS=100 for a thorough run."""
    return int(os.environ.get("BRAINTUMOR_KILLS", default))
