"""A storage with accounts, and hashes that take little work."""

from tests.helpers.accounts import cheap_hashes, storage

__all__ = ["cheap_hashes", "storage"]
