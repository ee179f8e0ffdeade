"""Mail of one-time links, where a mail server is set."""

import logging
import smtplib
import ssl
import threading
from email.message import EmailMessage
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from braintumor.errors import AccountError
from braintumor.settings import Settings

_LOGGER: Final = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 20
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def can_mail(settings: Settings) -> bool:
    """Return whether a mail server is set."""
    return settings.smtp is not None


def send_mail_later(settings: Settings, to: str, subject: str, text: str) -> None:
    """Send a mail in a thread, so that a response takes the same time with and without one. Failures are logged."""

    def send() -> None:
        try:
            send_mail(settings, to, subject, text)
        except (AccountError, OSError, smtplib.SMTPException) as error:
            _LOGGER.error("A mail could not be sent: %s", type(error).__name__)

    threading.Thread(target=send, name="mail", daemon=True).start()


def send_mail(settings: Settings, to: str, subject: str, text: str) -> None:
    """Send a plain-text mail, encrypted unless the mail server is on this computer.

    Raises
    ------
    AccountError
        No mail server is set, or its address is not understood.
    OSError, smtplib.SMTPException
        It cannot be reached, or refuses the mail.
    """
    server = _parse_server(settings)
    message = EmailMessage()
    message["From"] = settings.mail_from or f"braintumor@{urlsplit(settings.public_url or '').hostname or 'localhost'}"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    with _connect(server) as connection:
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _parse_server(settings: Settings) -> SplitResult:
    server = urlsplit(settings.smtp.get_secret_value() if settings.smtp else "")
    if server.scheme not in ("smtp", "smtps") or not server.hostname:
        raise AccountError(
            "BRAINTUMOR_SMTP is not the address of a mail server. Set it to one such as "
            "smtps://user:password@mail.example.org."
        )
    return server


def _connect(server: SplitResult) -> smtplib.SMTP:
    host = server.hostname or ""
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=_TIMEOUT_SECONDS, context=context)
    connection = smtplib.SMTP(host, server.port or 587, timeout=_TIMEOUT_SECONDS)
    if host not in _LOOPBACK:
        connection.starttls(context=context)
    return connection
