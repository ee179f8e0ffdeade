"""Accounts: passwords, sessions, tokens, one-time links, single sign-on. No web code; see `braintumor.api.account`."""
