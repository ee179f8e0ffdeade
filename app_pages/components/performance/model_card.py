"""The model card: what a stranger needs to know of a version, from its `card.json`."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing, show_section
from braintumor.datasets.catalog import training_dataset
from braintumor.inference.registry import LITERT_FILE, MODEL_FILE
from braintumor.results.metric import parse_metrics
from braintumor.results.study import model_fingerprint
from braintumor.results.version import VersionReport


def show_model_card(report: VersionReport) -> None:
    """Facts, intended use, limits and libraries of a version, and its card as a file."""
    if not report.card:
        show_missing("This version has no card yet. Train it with:", report.train_command)
        return
    show_section(str(report.card_value("title") or report.version), str(report.card_value("intended_use") or ""))
    facts, limits = st.columns([6, 5], gap="medium")
    with facts:
        st.table(
            pd.Series(dict(_iter_card_rows(report)), name="Value").to_frame(), border="horizontal", hide_header=True
        )
    with limits:
        st.markdown("**Limits**")
        st.markdown("\n".join(f"- {limit}" for limit in report.card_value("limits") or ["None are written down."]))
        libraries = report.card_value("libraries") or {}
        st.markdown("**Libraries**")
        st.caption(", ".join(f"{name} {version}" for name, version in libraries.items()) or "Not written down.")
        show_variants(report)
    st.download_button(
        "Download card.json", json.dumps(report.card, indent=1), f"{report.version}-card.json", "application/json",
        on_click="ignore",
    )  # fmt: skip


def show_variants(report: VersionReport) -> None:
    """Smaller forms of the model, each with what it costs; nothing where there are none."""
    variants = report.card_value("variants")
    if not isinstance(variants, dict) or not variants:
        return
    st.markdown("**Smaller forms**")
    for name, said in variants.items():
        if said.get("model") != model_fingerprint(report.card):
            option = "--litert" if name == LITERT_FILE else "--int8"
            again = f"braintumor export {report.version} {option}"
            st.markdown(f"- `{name}`: measured on an earlier model. Make it again with: `{again}`")
            continue
        agreement, accuracy = said["agreement"], parse_metrics(said["test"])["accuracy"]
        st.markdown(
            f"- `{name}`, {said['bytes'] / 1e6:.1f} MB: accuracy {accuracy.percent()} on {accuracy.n:,} test scans; "
            f"its probabilities are off by {agreement['median_difference']:.1g} in the median, by "
            f"{agreement['largest_difference']:.1g} at most"
        )


def _iter_card_rows(report: VersionReport) -> Iterator[tuple[str, str]]:
    """Names and values of what is known; what is not known is left out."""
    seconds, speed = report.card_value("training", "seconds"), report.card_value("training", "images_per_second")
    epochs, best = report.card_value("training", "epochs_run"), report.card_value("training", "best_epoch")
    size = [report.card_value("input", side) for side in ("width", "height", "channels")]
    known: dict[str, Any] = {
        "Version": report.version,
        "Tells": "the four classes" if report.is_multiclass else "tumour or none, and no kind of tumour",
        "Learnt from": training_dataset(report.card).title,
        "Created": report.card_value("created"),
        "Architecture": report.card_value("architecture"),
        "Parameters": _format_number(report.card_value("parameters")),
        "Input": " x ".join(str(side) for side in size) if all(size) else None,
        "Split": report.card_value("protocol"),
        "Started from": _describe_initial_weights(report.card_value("weights")),
        "Taught by": ", ".join(report.card_value("teachers") or ()),
        "Training": _describe_training(epochs, best, seconds, speed),
        "Seed": report.card_value("seed"),
        "Temperature": _format_number(report.card_value("temperature"), ".3f"),
        "Clear at or below": _format_number(report.card_value("thresholds", "low"), ".1%"),
        "Call at or above": _format_number(report.card_value("thresholds", "high"), ".1%"),
        "Says tumour from": _format_number(report.card_value("decision", "threshold"), ".1%"),
        "Thresholds": report.card_value("thresholds", "chosen"),
        "Views of a scan": report.card_value("views", "count"),
        "Class and mask together": _describe_fusion(report.card_value("fusion")),
        "Prediction sets promise": _format_number(report.card_value("conformal", "level"), ".0%"),
        "Novelty limits": report.card_value("novelty", "chosen"),
        "Largest difference of export": _format_number(report.card_value("export", "max_abs_difference"), ".1e"),
        "Code (git commit)": (report.card_value("git_commit") or "")[:12],
        "Data fingerprint": (report.card_value("data", "fingerprint") or "")[:12],
        "Model SHA-256": _model_hash(report),
    }
    for name, value in known.items():
        if value not in (None, ""):
            yield name, str(value)


def _model_hash(report: VersionReport) -> str:
    """The start of the model file's hash, or of each member's for an ensemble."""
    if members := report.card_value("members"):
        return ", ".join(f"{member['version']} {member['sha256'][:12]}" for member in members)
    return str(report.card_value("files", MODEL_FILE) or "")[:12]


def _format_number(value: Any, form: str = ",") -> str | None:
    return format(value, form) if isinstance(value, (int, float)) else None


def _describe_initial_weights(weights: Any) -> str | None:
    if not isinstance(weights, dict):
        return None
    if weights.get("initial") == "none":
        return "random weights"
    return f"ImageNet's weights, {weights['file']}" if "file" in weights else "ImageNet's weights, through Keras"


def _describe_fusion(fusion: Any) -> str | None:
    if not isinstance(fusion, dict):
        return None
    return f"log-odds of {fusion['label']:.2f} x class + {fusion['mask']:.2f} x mask + {fusion['bias']:.2f}"


def _describe_training(epochs: Any, best: Any, seconds: Any, speed: Any) -> str | None:
    parts = []
    if isinstance(epochs, int):
        parts.append(pluralize(epochs, "epoch") + (f", best at {best}" if isinstance(best, int) else ""))
    if isinstance(seconds, (int, float)):
        parts.append(f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds")
    if isinstance(speed, (int, float)):
        parts.append(f"{speed:,.0f} images a second")
    return "; ".join(parts) or None
