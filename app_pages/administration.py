"""Administration page: users, storage, jobs and audit log; for administrators only."""

import streamlit as st

from app_pages.components.shared.page import show_header, show_missing
from app_pages.components.shared.storage import find_records, log_access_once
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings


def show_page() -> None:
    """Draw all parts for an administrator, and a sentence for everyone else."""
    records = find_records() if get_settings().accounts else None
    if records is None or not records.actor.is_administrator:
        st.markdown("This page is for administrators.")
        return
    from app_pages.components.administration.server import show_audit, show_jobs, show_storage
    from app_pages.components.administration.users import show_users

    storage, actor = records.storage, records.actor
    log_access_once(storage, actor, "users.listed", "page")
    users, server, audit = st.tabs(["Users", "Storage and jobs", "Audit log"])
    with users:
        show_users(storage, actor)
    with server:
        show_storage(storage)
        show_jobs(storage, actor)
    with audit:
        show_audit(storage, actor)


show_header("Administration", "Users, storage, background jobs and audit log of this server.")
try:
    show_page()
except BrainTumorError as problem:
    show_missing(str(problem))
