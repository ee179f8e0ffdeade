"""Helpers to define commands and parse their arguments."""

import argparse
from collections.abc import Callable

Handler = Callable[[argparse.Namespace], int]


def add_command(
    commands: argparse._SubParsersAction, name: str, help_: str, handler: Handler
) -> argparse.ArgumentParser:
    """Add a command to a parser; `help_` is also its description."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=f"{help_[0].upper()}{help_[1:]}."
    )
    parser.set_defaults(handler=handler)
    return parser


def parse_seed(text: str) -> int:
    """Parse a seed of a random generator, 0 to 2**32 - 1."""
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed: give a whole number from 0 to {2**32 - 1}")
    return seed
