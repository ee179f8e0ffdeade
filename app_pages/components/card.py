"""The model card: what a stranger needs to know of a version, from its `card.json`."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.frame import missing, section
from app_pages.components.words import count
from braintumor.dataset.sets import learnt_from
from braintumor.evaluation.report import Report
from braintumor.inference.artifact import MODEL


def show_card(report: Report) -> None:
    """Facts, intended use, limits and libraries of a version, and its card as a file."""
    if not report.card:
        missing("This version has no card yet. Train it with:", report.retrain)
        return
    section(str(report.fact("title") or report.version), str(report.fact("intended_use") or ""))
    facts, limits = st.columns([6, 5], gap="medium")
    with facts:
        st.table(pd.Series(dict(_facts(report)), name="Value").to_frame(), border="horizontal", hide_header=True)
    with limits:
        st.markdown("**Limits**")
        st.markdown("\n".join(f"- {limit}" for limit in report.fact("limits") or ["None are written down."]))
        libraries = report.fact("libraries") or {}
        st.markdown("**Libraries**")
        st.caption(", ".join(f"{name} {version}" for name, version in libraries.items()) or "Not written down.")
    st.download_button(
        "Download card.json", json.dumps(report.card, indent=1), f"{report.version}-card.json", "application/json",
        on_click="ignore",
    )  # fmt: skip


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    """Names and values of what is known; what is not known is left out."""
    seconds, speed = report.fact("training", "seconds"), report.fact("training", "images_per_second")
    epochs, best = report.fact("training", "epochs_run"), report.fact("training", "best_epoch")
    size = [report.fact("input", side) for side in ("width", "height", "channels")]
    known: dict[str, Any] = {
        "Version": report.version,
        "Tells": "the four classes" if report.tells_kinds else "tumour or none, and no kind of tumour",
        "Learnt from": learnt_from(report.card).title,
        "Created": report.fact("created"),
        "Architecture": report.fact("architecture"),
        "Parameters": _number(report.fact("parameters")),
        "Input": " x ".join(str(side) for side in size) if all(size) else None,
        "Split": report.fact("protocol"),
        "Training": _training(epochs, best, seconds, speed),
        "Seed": report.fact("seed"),
        "Temperature": _number(report.fact("temperature"), ".3f"),
        "Clear at or below": _number(report.fact("thresholds", "low"), ".1%"),
        "Call at or above": _number(report.fact("thresholds", "high"), ".1%"),
        "Says tumour from": _number(report.fact("decision", "threshold"), ".1%"),
        "Thresholds": report.fact("thresholds", "chosen"),
        "Largest difference of export": _number(report.fact("export", "max_abs_difference"), ".1e"),
        "Code (git commit)": (report.fact("git_commit") or "")[:12],
        "Data fingerprint": (report.fact("data", "fingerprint") or "")[:12],
        "Model SHA-256": (report.fact("files", MODEL) or "")[:12],
    }
    for name, value in known.items():
        if value not in (None, ""):
            yield name, str(value)


def _number(value: Any, form: str = ",") -> str | None:
    return format(value, form) if isinstance(value, (int, float)) else None


def _training(epochs: Any, best: Any, seconds: Any, speed: Any) -> str | None:
    parts = []
    if isinstance(epochs, int):
        parts.append(count(epochs, "epoch") + (f", best at {best}" if isinstance(best, int) else ""))
    if isinstance(seconds, (int, float)):
        parts.append(f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds")
    if isinstance(speed, (int, float)):
        parts.append(f"{speed:,.0f} images a second")
    return "; ".join(parts) or None
