"""What an ensemble is made of, in place of learning curves it does not have."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.frame import show_section
from braintumor.evaluation.report import VersionReport
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY


def show_members(report: VersionReport) -> None:
    """Its members, what each has to say, and how that was chosen."""
    show_section(
        "What it is made of", "Nothing was trained for it: it averages the answers of versions trained before."
    )
    rows = [_member_row(member) for member in report.card_value("members") if isinstance(member, Mapping)]
    with st.container(key="numbers-members"):
        st.table(pd.DataFrame(rows).set_index("Version") if rows else pd.DataFrame(), border="horizontal")
    said = [f"Averaged are the {averaged}." if (averaged := report.card_value("ensemble", "averaged")) else ""]
    weighted, equal = (report.card_value("ensemble", "validation_loss", way) for way in ("weighted", "equal"))
    if isinstance(weighted, float) and isinstance(equal, float):
        chosen = (
            "Weights make the validation labels likeliest"
            if report.card_value("ensemble", "weighted")
            else "All weigh alike"
        )
        said.append(f"{chosen}: log-loss {weighted:.3f} weighted, {equal:.3f} were all alike.")
    said += [report.card_value("ensemble", "chosen") or "", NO_ENSEMBLE_SALIENCY]
    st.caption(" ".join(sentence for sentence in said if sentence))


def _member_row(member: Mapping[str, Any]) -> dict[str, str]:
    numbers = {
        "Weight": ("weight", ".1%"),
        "Temperature": ("temperature", ".2f"),
        "Log-loss alone": ("validation_loss", ".3f"),
    }
    row = {"Version": str(member.get("version", ""))}
    for title, (name, form) in {**numbers, "Parameters": ("parameters", ",")}.items():
        value = member.get(name)
        row[title] = format(value, form) if isinstance(value, int | float) else ""
    return row
