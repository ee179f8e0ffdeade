"""One command of the command line: its name, its help, and the function that does it."""

import argparse
from collections.abc import Callable

Handler = Callable[[argparse.Namespace], int]


def command(commands: argparse._SubParsersAction, name: str, help_: str, handler: Handler) -> argparse.ArgumentParser:
    """Add a command to a parser's commands; `help_` is also its description."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    parser.set_defaults(handler=handler)
    return parser
