"""The model card of a version."""

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing, show_section
from braintumor.datasets.catalog import evaluation_dataset
from braintumor.enums import Task
from braintumor.inference.card_sections import NumericalDifference, TrainingSummary, WeightsOrigin
from braintumor.inference.decision import MaskFusion, describe_rule
from braintumor.inference.model_card import LITERT_FILE, MODEL_FILE, ModelCard
from braintumor.results.metric import parse_metric
from braintumor.results.version import VersionReport


def show_model_card(report: VersionReport) -> None:
    """Show intended use, details, limits, libraries and smaller variants of a version, with its card as a download."""
    card = report.card
    if card is None:
        show_missing("This version has no valid model card. Train it:", report.train_command)
        return
    show_section(card.title or report.version, card.intended_use)
    left, right = st.columns([6, 5], gap="medium")
    with left:
        rows = dict(_iter_card_rows(report.version, card))
        st.table(pd.Series(rows, name="Value").to_frame(), border="horizontal", hide_header=True)
    with right:
        st.markdown("**Limits**")
        st.markdown("\n".join(f"- {limit}" for limit in card.limits or ("None are listed.",)))
        st.markdown("**Libraries**")
        st.caption(", ".join(f"{name} {version}" for name, version in card.libraries.items()) or "Not listed.")
        show_variants(report.version, card)
    st.download_button(
        "Download card.json", card.to_json(), f"{report.version.replace('/', '-')}-card.json", "application/json",
        on_click="ignore",
    )  # fmt: skip


def show_variants(version: str, card: ModelCard) -> None:
    """Show the smaller variants of a model, with size and accuracy; nothing if there are none."""
    if not card.variants:
        return
    st.markdown("**Smaller variants**")
    for name, variant in card.variants.items():
        if variant.model != card.fingerprint:
            option = "--litert" if name == LITERT_FILE else "--int8"
            command = f"braintumor export {version} {option}"
            st.markdown(f"- `{name}`: made from an earlier model. Export it again: `{command}`")
            continue
        accuracy = parse_metric(variant.test["accuracy"].model_dump()) if "accuracy" in variant.test else None
        st.markdown(
            f"- `{name}`, {variant.bytes / 1e6:.1f} MB: accuracy "
            f"{'not measured' if accuracy is None else accuracy.describe()}{_describe_agreement(variant.agreement)}"
        )


def _describe_agreement(agreement: NumericalDifference) -> str:
    median, largest = agreement.median_difference, agreement.largest_difference
    if median is None or largest is None:
        return ""
    return f". Its probabilities differ by {median:.1g} in the median, and by at most {largest:.1g}"


def _iter_card_rows(version: str, card: ModelCard) -> Iterator[tuple[str, str]]:
    """Yield title and value of every entry that the card has."""
    size, decision = card.input_spec, card.binary_decision
    rows: dict[str, str | None] = {
        "Version": version,
        "Predicts": "the four classes" if card.task is not Task.BINARY else "tumour or no tumour, without tumour type",
        "Trained on": evaluation_dataset(card.recipe).title
        + (" and sets of other sources" if card.data.licences else ""),
        "Licences of images and masks": ", ".join(f"{name}: {text}" for name, text in card.data.licences.items()),
        "Created": card.created,
        "Architecture": card.architecture,
        "Parameters": None if card.parameters is None else f"{card.parameters:,}",
        "Input": f"{size.width} x {size.height} x {size.channels}",
        "Split": card.protocol,
        "Initial weights": _describe_initial_weights(card.weights),
        "Teachers": ", ".join(card.teachers),
        "Training": _describe_training(card.training),
        "Seed": None if card.seed is None else str(card.seed),
        "Temperature": f"{card.temperature:.3f}",
        "Verdict": describe_rule(card.thresholds),
        "Thresholds chosen": card.thresholds.chosen,
        "Predicts tumour at or above": f"{decision.threshold:.1%}" if decision else None,
        "Views per scan": str(card.tta_views),
        "Fusion of class and mask": _describe_fusion(card.mask_fusion),
        "Prediction set level": None if card.conformal.level is None else f"{card.conformal.level:.0%}",
        "Out-of-distribution limits": card.ood.chosen if card.ood else None,
        "Head CT limit": card.ct.chosen if card.ct else None,
        "Outside the brain limit": card.field.chosen if card.field else None,
        "Export, largest difference": f"{card.export.max_abs_difference:.1e}" if card.export else None,
        "Code (git commit)": card.git_commit[:12],
        "Data fingerprint": card.data.fingerprint[:12],
        "Model SHA-256": _format_model_hashes(card),
    }
    yield from ((title, value) for title, value in rows.items() if value)


def _format_model_hashes(card: ModelCard) -> str:
    if card.members:
        return ", ".join(f"{member.version} {member.sha256[:12]}" for member in card.members)
    return card.files.get(MODEL_FILE, "")[:12]


def _describe_initial_weights(weights: WeightsOrigin | None) -> str | None:
    if weights is None:
        return None
    if weights.initial == "none":
        return "random"
    if weights.initial != "imagenet":
        return weights.initial  # another version
    return f"ImageNet, {weights.file}" if weights.file else "ImageNet, from Keras"


def _describe_fusion(fusion: MaskFusion) -> str | None:
    if fusion == MaskFusion():
        return None
    return f"log-odds {fusion.label:.2f} x class + {fusion.mask:.2f} x mask + {fusion.bias:.2f}"


def _describe_training(training: TrainingSummary) -> str:
    details = []
    if training.epochs_run is not None:
        best = "" if training.best_epoch is None else f", best epoch {training.best_epoch}"
        details.append(pluralize(training.epochs_run, "epoch") + best)
    if (seconds := training.seconds) is not None:
        details.append(f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds")
    if training.images_per_second is not None:
        details.append(f"{training.images_per_second:,.0f} images per second")
    return "; ".join(details)
