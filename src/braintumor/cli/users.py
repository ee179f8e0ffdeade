"""Commands `users`: who has an account. They print one-time links, never passwords."""

import argparse
from typing import TYPE_CHECKING

from braintumor.cli.arguments import add_command
from braintumor.cli.serve import DEFAULT_PORT
from braintumor.settings import get_settings

if TYPE_CHECKING:
    from braintumor.db.storage import Storage


def add_user_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser."""
    users = commands.add_parser("users", help="add, list, disable and enable users")
    verbs = users.add_subparsers(required=True, metavar="COMMAND")
    add = add_command(verbs, "add", "invite a user and print the link to the account", _add)
    add.add_argument("email")
    add.add_argument("--administrator", action="store_true", help="may manage users")
    add_command(verbs, "list", "list all users", _list)
    for name, help_, handler in (
        ("reset", "print a link to set a new password", _reset),
        ("disable", "end all sessions and tokens of a user and refuse logins; data is kept", _disable),
        ("enable", "let a disabled user log in again", _enable),
    ):
        add_command(verbs, name, help_, handler).add_argument("email")


def _add(options: argparse.Namespace) -> int:
    from braintumor.auth.users import invite_user
    from braintumor.db.tables import UserRole

    role = UserRole.ADMINISTRATOR if options.administrator else UserRole.READER
    _print_link(invite_user(_open(), None, options.email, role), "a week")
    return 0


def _list(options: argparse.Namespace) -> int:
    from braintumor.auth.users import list_users

    for user in list_users(_open(), None):
        last = f"last login {user.last_login_at:%Y-%m-%d}" if user.last_login_at else "never logged in"
        print(f"{user.email or user.id}\t{user.role}\t{user.state}\t{last}")
    return 0


def _reset(options: argparse.Namespace) -> int:
    from braintumor.auth.users import create_reset_link

    _print_link(create_reset_link(_open(), None, options.email), "an hour (an invitation: a week)")
    return 0


def _disable(options: argparse.Namespace) -> int:
    from braintumor.auth.users import disable_user

    disable_user(_open(), None, options.email)
    print(f"{options.email} is disabled.")
    return 0


def _enable(options: argparse.Namespace) -> int:
    from braintumor.auth.users import enable_user

    enable_user(_open(), None, options.email)
    print(f"{options.email} is enabled.")
    return 0


def _open() -> "Storage":
    from braintumor.db.storage import open_storage

    return open_storage(get_settings())


def _print_link(token: str, time: str) -> None:
    from braintumor.auth.links import link_url

    base_url = get_settings().public_url or f"http://localhost:{DEFAULT_PORT}"
    print(f"This link works once, within {time}:")
    print(link_url(base_url, token))
