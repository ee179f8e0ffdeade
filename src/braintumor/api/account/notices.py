"""Mails that tell users of a change to how they log in, where a mail server is set."""

from typing import Final

from braintumor.api.state import ServerState
from braintumor.auth.mail import can_mail, send_mail_later

_TEXT: Final = (
    "{change}\n\nIf this was you, do nothing. If not, set a new password at {url} (this ends all other sessions), "
    "revoke unknown tokens there, and tell an administrator."
)


def notify(state: ServerState, email: str | None, change: str) -> None:
    """Mail a sentence about a change to the user in the background; do nothing without an address or a mail server."""
    if email and can_mail(state.settings):
        url = f"{(state.settings.public_url or 'http://localhost:8501').rstrip('/')}/account"
        text = _TEXT.format(change=change, url=url)
        send_mail_later(state.settings, email, "Brain Tumor Detector: your account", text)
