"""Pictures withdrawn: what a browser says of an image whose page was left, or drawn anew, before it came."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage


def is_withdrawn_picture(message: ConsoleMessage) -> bool:
    """Whether a complaint is of a picture Streamlit took away with the view it belonged to.

    Streamlit serves pictures from `/media/` only while they are shown; how many a browser still asks for is chance.
    """
    path = urlsplit(str(message.location.get("url", ""))).path
    missing = "404" in message.text and path.startswith("/media/")
    return missing or ("Image source error" in message.text and "/media/" in message.text)
