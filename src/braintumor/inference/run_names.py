"""Runs: what the folder of a trained version is called, and what its name says of how it was made."""

import re
from typing import Final

from braintumor.enums import Protocol

_RUN_NAME_PATTERN: Final = re.compile(
    r"(?P<version>.+?)(?:-(?P<protocol>official|random))?(?:-(?P<weights>none|imagenet))?(?:-seed(?P<seed>\d+))?"
)


def run_name(version: str, protocol: Protocol, seed: int | None = None, weights: str | None = None) -> str:
    """Folder name of a run: the version, and what a run for comparison does otherwise: protocol, weights, seed."""
    named = version if protocol is Protocol.GROUP else f"{version}-{protocol}"
    named = named if weights is None else f"{named}-{weights}"
    return named if seed is None else f"{named}-seed{seed}"


def with_protocol(name: str, protocol: Protocol) -> str:
    """Name of the same run under another protocol."""
    found = _RUN_NAME_PATTERN.fullmatch(name)
    if found is None:
        return name
    seed = found["seed"]
    return run_name(found["version"], protocol, None if seed is None else int(seed), found["weights"])


def train_command(name: str) -> str:
    """The command that makes the run of a folder name, such as `v4-official-seed2`."""
    found = _RUN_NAME_PATTERN.fullmatch(name)
    parts = found.groupdict() if found else {"version": name}
    options = [f"--{option} {parts[option]}" for option in ("protocol", "weights", "seed") if parts.get(option)]
    return " ".join(["braintumor train", str(parts["version"]), *options])
