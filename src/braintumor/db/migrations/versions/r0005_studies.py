"""Studies: verdicts on whole series and volumes, and their slices."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the level of readings, and create the table of slices."""
    op.add_column("readings", sa.Column("level", sa.String(length=10), nullable=False, server_default="slice"))
    op.create_table(
        "study_slices",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["scans.id"], name=op.f("fk_study_slices_study_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name=op.f("fk_study_slices_scan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "scan_id", name=op.f("pk_study_slices")),
    )
    op.create_index(op.f("ix_study_slices_scan_id"), "study_slices", ["scan_id"], unique=False)
