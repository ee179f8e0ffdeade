"""The model card: what a stranger needs to know of a version, from its `card.json`."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.frame import missing, section
from app_pages.components.words import count
from braintumor.dataset.sets import learnt_from
from braintumor.evaluation.measures import parse_metrics
from braintumor.evaluation.report import Report
from braintumor.evaluation.study_file import identity
from braintumor.inference.artifact import LITERT, MODEL


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
        show_variants(report)
    st.download_button(
        "Download card.json", json.dumps(report.card, indent=1), f"{report.version}-card.json", "application/json",
        on_click="ignore",
    )  # fmt: skip


def show_variants(report: Report) -> None:
    """Smaller forms of the model, each with what it costs; nothing where there are none."""
    variants = report.fact("variants")
    if not isinstance(variants, dict) or not variants:
        return
    st.markdown("**Smaller forms**")
    for name, said in variants.items():
        if said.get("model") != identity(report.card):
            option = "--litert" if name == LITERT else "--int8"
            again = f"braintumor export {report.version} {option}"
            st.markdown(f"- `{name}`: measured on an earlier model. Make it again with: `{again}`")
            continue
        agreement, accuracy = said["agreement"], parse_metrics(said["test"])["accuracy"]
        st.markdown(
            f"- `{name}`, {said['bytes'] / 1e6:.1f} MB: accuracy {accuracy.percent()} on {accuracy.n:,} test scans; "
            f"its probabilities are off by {agreement['median_difference']:.1g} in the median, by "
            f"{agreement['largest_difference']:.1g} at most"
        )


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
        "Started from": _start(report.fact("weights")),
        "Taught by": ", ".join(report.fact("teachers") or ()),
        "Training": _training(epochs, best, seconds, speed),
        "Seed": report.fact("seed"),
        "Temperature": _number(report.fact("temperature"), ".3f"),
        "Clear at or below": _number(report.fact("thresholds", "low"), ".1%"),
        "Call at or above": _number(report.fact("thresholds", "high"), ".1%"),
        "Says tumour from": _number(report.fact("decision", "threshold"), ".1%"),
        "Thresholds": report.fact("thresholds", "chosen"),
        "Views of a scan": report.fact("views", "count"),
        "Class and mask together": _fusion(report.fact("fusion")),
        "Prediction sets promise": _number(report.fact("conformal", "level"), ".0%"),
        "Novelty limits": report.fact("novelty", "chosen"),
        "Largest difference of export": _number(report.fact("export", "max_abs_difference"), ".1e"),
        "Code (git commit)": (report.fact("git_commit") or "")[:12],
        "Data fingerprint": (report.fact("data", "fingerprint") or "")[:12],
        "Model SHA-256": _model_hash(report),
    }
    for name, value in known.items():
        if value not in (None, ""):
            yield name, str(value)


def _model_hash(report: Report) -> str:
    """The start of the model file's hash, or of each member's for an ensemble."""
    if members := report.fact("members"):
        return ", ".join(f"{member['version']} {member['sha256'][:12]}" for member in members)
    return str(report.fact("files", MODEL) or "")[:12]


def _number(value: Any, form: str = ",") -> str | None:
    return format(value, form) if isinstance(value, (int, float)) else None


def _start(weights: Any) -> str | None:
    if not isinstance(weights, dict):
        return None
    if weights.get("initial") == "none":
        return "random weights"
    return f"ImageNet's weights, {weights['file']}" if "file" in weights else "ImageNet's weights, through Keras"


def _fusion(fusion: Any) -> str | None:
    if not isinstance(fusion, dict):
        return None
    return f"log-odds of {fusion['label']:.2f} x class + {fusion['mask']:.2f} x mask + {fusion['bias']:.2f}"


def _training(epochs: Any, best: Any, seconds: Any, speed: Any) -> str | None:
    parts = []
    if isinstance(epochs, int):
        parts.append(count(epochs, "epoch") + (f", best at {best}" if isinstance(best, int) else ""))
    if isinstance(seconds, (int, float)):
        parts.append(f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds")
    if isinstance(speed, (int, float)):
        parts.append(f"{speed:,.0f} images a second")
    return "; ".join(parts) or None
