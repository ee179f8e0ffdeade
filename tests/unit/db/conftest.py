"""A storage of its own for each test, copied from one whose tables were created once."""

from tests.helpers.storage.fixtures import empty_data, reader, servers, settings, storage

__all__ = ["empty_data", "reader", "servers", "settings", "storage"]
