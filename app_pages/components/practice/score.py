"""Score of a practice round: accuracy of reader and model, and whether the difference is significant."""

import pandas as pd
import streamlit as st

from app_pages.components.practice.round import ModelPrediction, PracticeRound
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import VERDICT_TITLES
from app_pages.components.shared.page import show_section
from braintumor.enums import TUMOR_LABEL
from braintumor.reader_study.scoring import compare_reader, summarize_reader_comparison
from braintumor.reporting.labels import label_title

_MULTICLASS_NOTE = "Accuracy over four classes. The model's answer is its most likely class."
_BINARY_NOTE = "This model does not predict the tumour type, so only tumour vs no tumour is scored."


def show_score(practice_round: PracticeRound, version: str) -> None:
    """Draw both accuracies with intervals, the difference, and a table of the scans."""
    readings = practice_round.paired_readings(version)
    if not readings:
        return
    comparison, model = compare_reader(readings), f"Model {version}"
    note = _MULTICLASS_NOTE if practice_round.is_multiclass(version) else _BINARY_NOTE
    show_section("Score", f"{note} A rejected scan counts as wrong.")
    reader_correct = sum(reading.is_reader_correct for reading in readings)
    model_correct = sum(reading.is_model_correct for reading in readings)
    reader_row = IntervalRow(
        f"You: {reader_correct} of {len(readings)}", comparison.reader, comparison.reader.percent(), ACCENT
    )
    model_row = IntervalRow(
        f"{model}: {model_correct} of {len(readings)}", comparison.model, comparison.model.percent(), NEUTRAL
    )
    rows = [reader_row, model_row]
    figure = plot_intervals(rows)
    figure.update_xaxes(range=[-0.03, 1.03])
    st.markdown(f"**You: {comparison.reader.describe()}. {model}: {comparison.model.describe()}.**")
    alt = "; ".join(f"{row.label}, {row.text}" for row in rows)
    show_chart(figure, f"Accuracy with 95% intervals. {alt}.", "practice-score", 130)
    st.markdown(summarize_reader_comparison(comparison, model))
    st.caption(
        "95% intervals; scans of one patient group count as one. The intervals are valid for a number of scans fixed "
        "in advance: checking after every scan finds differences by chance more often."
    )
    with st.expander("Scans so far"):
        show_read_scans(practice_round, version)


def show_read_scans(practice_round: PracticeRound, version: str) -> None:
    """Draw a table of every scan that was answered, newest first."""
    rows = []
    for index, guess in reversed(practice_round.guesses.items()):
        prediction = practice_round.predictions.get((version, index))
        if prediction is None:
            continue
        case = practice_round.cases[index]
        rows.append(
            {
                "Scan": index + 1,
                "Truth": case.label.title,
                "You": guess.title,
                version: _predicted_title(prediction),
                "Tumour probability": prediction.tumor_probability,
                "Both right": practice_round.is_correct(version, index, guess)
                and practice_round.is_correct(version, index),
                "File": case.name,
            }
        )
    probability = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config={"Tumour probability": probability}, key="practice-scans",
        alt=f"{len(rows)} scans with true class, your answer and the answer of {version}.",
    )  # fmt: skip


def _predicted_title(prediction: ModelPrediction) -> str:
    if prediction.predicted_class is None:
        return VERDICT_TITLES[prediction.verdict]
    if not prediction.is_multiclass and prediction.predicted_class.is_tumor:
        return label_title(TUMOR_LABEL)
    return prediction.predicted_class.title
