"""Alembic migrations, part of the package, so that an installed wheel can upgrade its database.

A new revision: change the tables, then write `versions/rNNNN_what.py` with the next number and update `HEAD`. The tests
compare the migrated tables with the models.
"""

from typing import Final

# The newest revision; known here, so that Alembic is imported only to upgrade.
HEAD: Final = "0005"
