"""Storage, background jobs and audit log of the server."""

from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import format_bytes
from app_pages.components.shared.page import show_section
from app_pages.components.shared.storage import log_access_once
from app_pages.components.shared.tables import without_formulas
from braintumor.db.overview.administration import (
    AuditLine,
    ServerJob,
    export_audit,
    list_audit,
    list_server_jobs,
    read_audit_head,
)
from braintumor.db.overview.statistics import measure_storage
from braintumor.db.storage import Actor, Storage

_AUDIT_ROWS: Final = 100
_BEFORE_KEY: Final = "audit-before"
_TIME: Final = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC")


def show_storage(storage: Storage) -> None:
    """Draw the size of the database and of the stored files."""
    show_section("Storage", "Of all users together. A file that several users stored counts once.")
    size = measure_storage(storage)
    files, content, database = st.columns(3)
    files.metric("Stored scans", f"{size.files:,}")
    content.metric("Size of scans", format_bytes(size.file_bytes))
    database.metric(
        "Size of the database", "unknown" if size.database_bytes is None else format_bytes(size.database_bytes)
    )
    days, restore = storage.settings.scan_days, storage.settings.restore_days
    retention = f"Scans are deleted {days} days after they were saved; results are kept." if days else "Scans are kept."
    st.caption(f"{retention} Deleted records can be restored for {restore} days.")


def show_jobs(storage: Storage, actor: Actor) -> None:
    """Draw the newest background jobs."""
    show_section("Background jobs")
    jobs = list_server_jobs(storage, actor)
    if not jobs:
        st.markdown("No background jobs yet.")
        return
    st.dataframe(
        without_formulas(pd.DataFrame([_job_line(job) for job in jobs])), hide_index=True, key="jobs",
        column_config={"Created (UTC)": _TIME, "Finished (UTC)": _TIME}, alt=f"{len(jobs)} background jobs.",
    )  # fmt: skip


def _job_line(job: ServerJob) -> dict[str, object]:
    return {
        "Created (UTC)": job.created_at,
        "Kind": job.kind,
        "User": job.owner,
        "State": job.state.capitalize(),
        "Done": f"{job.done:,} of {job.total:,}",
        "Failed": job.failed,
        "Finished (UTC)": job.finished_at,
        "Error": job.error or None,
    }


def show_audit(storage: Storage, actor: Actor) -> None:
    """Draw the audit log page by page, newest first, and its download."""
    show_section(
        "Audit log",
        "Who saw, read, exported, changed or deleted what; no names, no contents. `braintumor db check` verifies it.",
    )
    before: int | None = st.session_state.get(_BEFORE_KEY)
    log_access_once(storage, actor, "audit.listed", ("page", before))
    lines = list_audit(storage, actor, _AUDIT_ROWS, before)
    if lines:
        st.dataframe(
            without_formulas(pd.DataFrame([_audit_line(line) for line in lines])), hide_index=True, key="audit",
            column_config={"Time (UTC)": _TIME}, alt=f"{len(lines)} entries of the audit log, newest first.",
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button("Newest", on_click=_turn_to, args=(None,), disabled=before is None, key="audit-newest")
        oldest = lines[-1].number if lines else 1
        st.button("Older", on_click=_turn_to, args=(oldest,), disabled=oldest <= 1, key="audit-older")
        st.download_button(
            "Download CSV", lambda: export_audit(storage, actor).content, "braintumor-audit.csv", "text/csv",
            on_click="ignore", icon=":material/download:", key="audit-csv",
        )  # fmt: skip
    st.caption(
        "Head of the log. Keep a copy elsewhere, so that `braintumor db check --head` can detect removed entries: "
        f"`{read_audit_head(storage, actor)}`"
    )


def _audit_line(line: AuditLine) -> dict[str, object]:
    return {
        "Number": line.number,
        "Time (UTC)": line.at,
        "User": line.actor or "the program",
        "Action": line.action,
        "Object": line.what,
        "Details": "" if line.details == "{}" else line.details,
    }


def _turn_to(before: int | None) -> None:
    st.session_state[_BEFORE_KEY] = before
