"""Which addresses of the dashboard were sent to which user, so that no user opens those of another."""

import re
import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

_MEDIA: Final = re.compile(rb"/media/([0-9a-f]{16,128})")
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PATH: Final = re.compile(r"/+(?:media|_stcore/+upload_file)/+([^/.]+)")
_MAX_ENTRIES: Final = 200_000


class IssuedAddresses:
    """Ids of pictures, downloads and browser sessions of the dashboard, by the user to whom they were sent.

    Streamlit serves each of them to whoever names its id. Pictures have a hash of their content as id, of parts of the
    content above 1 MB, so that others who have the same file, or a link, could fetch what was made for one user. The
    ids are read from the messages that the dashboard sends, and kept in memory like the pictures themselves.
    """

    def __init__(self, max_entries: int = _MAX_ENTRIES) -> None:
        self._max = max_entries
        self._entries: OrderedDict[tuple[UUID, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def collect_ids(self, user_id: UUID, content: bytes, *, names_session: bool) -> None:
        """Store the ids in a message to a user; of browser sessions only in the first messages of a connection."""
        ids = set(_MEDIA.findall(content)) if b"/media/" in content else set()
        if names_session:
            ids |= set(_UUID.findall(content))
        if ids:
            with self._lock:
                for identifier in ids:
                    self._entries[user_id, identifier.decode()] = None
                    self._entries.move_to_end((user_id, identifier.decode()))
                while len(self._entries) > self._max:
                    self._entries.popitem(last=False)

    def is_issued(self, user_id: UUID, identifier: str) -> bool:
        """Return whether an id was sent to a user."""
        with self._lock:
            return (user_id, identifier) in self._entries

    def may_open(self, user_id: UUID, path: str) -> bool:
        """Return whether a path names no id, or one that was sent to the user."""
        match = _PATH.match(path)
        return match is None or self.is_issued(user_id, match[1])
