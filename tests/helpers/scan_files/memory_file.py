"""A file in memory, like an upload."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryFile:
    """A name and a content."""

    name: str
    content: bytes = b""

    def getvalue(self) -> bytes:
        """Return the whole content."""
        return self.content
