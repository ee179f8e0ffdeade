"""One command of the command line: its name, its help, and the function that does it."""

import argparse
from collections.abc import Callable

Handler = Callable[[argparse.Namespace], int]


def add_command(
    commands: argparse._SubParsersAction, name: str, help_: str, handler: Handler
) -> argparse.ArgumentParser:
    """Add a command to a parser's commands; `help_` is also its description."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    parser.set_defaults(handler=handler)
    return parser


def parse_seed(text: str) -> int:
    """A seed as every generator here takes it."""
    try:
        found = int(text)
    except ValueError:
        found = -1
    if not 0 <= found < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed: give a whole number from 0 to {2**32 - 1}")
    return found
