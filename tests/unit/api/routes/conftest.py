"""A server with a small model, and hashes that take little work."""

from tests.helpers.accounts import cheap_hashes
from tests.helpers.api import administrator, api, model_outputs

__all__ = ["administrator", "api", "cheap_hashes", "model_outputs"]
