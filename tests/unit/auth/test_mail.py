"""Links are mailed through the server of the settings, encrypted unless it is this computer."""

import smtplib
from typing import Any
from unittest.mock import MagicMock, patch

import pytest

from braintumor.auth.mail import send_mail, send_mail_later
from braintumor.errors import AccountError
from braintumor.settings import Settings


def _send(smtp: str, **values: Any) -> MagicMock:
    with patch.object(smtplib, "SMTP") as plain, patch.object(smtplib, "SMTP_SSL") as encrypted:
        send_mail(Settings(smtp=smtp, **values), "ada@example.org", "New password", "https://example.org/a")
    connection: MagicMock = (encrypted if smtp.startswith("smtps") else plain).return_value
    return connection


def test_mail_is_sent_with_login_over_tls() -> None:
    connection = _send("smtps://me:p%40ss@mail.example.org", public_url="https://scans.example.org").__enter__()
    connection.login.assert_called_once_with("me", "p@ss")
    message = connection.send_message.call_args[0][0]
    assert (message["From"], message["To"]) == ("braintumor@scans.example.org", "ada@example.org")
    assert "https://example.org/a" in message.get_content()


def test_connection_to_another_computer_is_encrypted_before_anything_is_sent() -> None:
    assert _send("smtp://mail.example.org").starttls.call_count == 1
    assert _send("smtp://localhost:25").starttls.call_count == 0


@pytest.mark.parametrize("smtp", ["mail.example.org", "https://mail.example.org"])
def test_malformed_server_is_refused_without_its_password(smtp: str) -> None:
    with pytest.raises(AccountError, match="BRAINTUMOR_SMTP"):
        _send(smtp)


def test_failure_is_logged_without_address(caplog: pytest.LogCaptureFixture) -> None:
    with patch("braintumor.auth.mail.threading.Thread") as thread, patch.object(smtplib, "SMTP", side_effect=OSError):
        send_mail_later(Settings(smtp="smtp://localhost"), "ada@example.org", "New password", "text")
        thread.call_args.kwargs["target"]()
    assert [record.getMessage() for record in caplog.records] == ["A mail could not be sent: OSError"]
