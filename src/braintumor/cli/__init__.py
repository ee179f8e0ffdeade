"""The `braintumor` command. Exit codes: 0 success, 1 something failed, 2 wrong usage."""

import argparse
import sys
from collections.abc import Sequence

from braintumor import __version__
from braintumor.cli.data import add_data_commands
from braintumor.cli.database import add_database_commands
from braintumor.cli.models import add_model_commands
from braintumor.cli.predict import add_predict_commands
from braintumor.cli.serve import add_serve_command
from braintumor.cli.users import add_user_commands
from braintumor.cli.worker import add_worker_command
from braintumor.errors import BrainTumorError, MissingExtraError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.handler(options))
    except BrainTumorError as error:
        print(f"braintumor: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"braintumor: {MissingExtraError(error.name or 'a package')}", file=sys.stderr)
    except KeyboardInterrupt:
        print("braintumor: interrupted. Run the same command again to continue.", file=sys.stderr)
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="braintumor", description="Brain tumour detection in MRI slices: data, training, evaluation, prediction."
    )
    parser.add_argument("--version", action="version", version=f"braintumor {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_data_commands(commands)
    add_model_commands(commands)
    add_predict_commands(commands)
    add_serve_command(commands)
    add_worker_command(commands)
    add_user_commands(commands)
    add_database_commands(commands)
    return parser
