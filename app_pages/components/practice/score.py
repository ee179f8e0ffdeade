"""Score of practice: how often the reader and the model were right so far, and whether that tells them apart."""

import pandas as pd
import streamlit as st

from app_pages.components.practice.round import ModelPrediction, PracticeRound
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import sample_size_text
from app_pages.components.shared.page import show_section
from braintumor.enums import TUMOR_LABEL
from braintumor.reader_study.scoring import compare_reader, summarize_reader_comparison
from braintumor.reporting.labels import label_title

_MULTICLASS_NOTE = "Right answers of four classes. The model's is its likeliest class."
_BINARY_NOTE = "Right answers of two: tumour or none. This version tells no kinds of tumour, so neither of you has to."


def show_score(practice_round: PracticeRound, version: str) -> None:
    """Shares of right answers with their intervals, the difference in a sentence, and the scans one by one."""
    bouts = practice_round.paired_readings(version)
    if not bouts:
        return
    match, model = compare_reader(bouts), f"Model {version}"
    kinds = practice_round.is_multiclass(version)
    show_section("Score", f"{_MULTICLASS_NOTE if kinds else _BINARY_NOTE} To refuse a scan is wrong.")
    mine, its = sum(bout.is_reader_correct for bout in bouts), sum(bout.is_model_correct for bout in bouts)
    lines = [
        IntervalRow(f"You: {mine} of {len(bouts)}", match.reader, match.reader.percent(), ACCENT),
        IntervalRow(f"{model}: {its} of {len(bouts)}", match.model, match.model.percent(), NEUTRAL),
    ]
    figure = plot_intervals(lines)
    figure.update_xaxes(range=[-0.03, 1.03])
    said = "; ".join(f"{line.label}, {line.text}" for line in lines)
    st.markdown(
        f"**You {match.reader.percent()}, {model} {match.model.percent()}**, {sample_size_text(match.difference)}."
    )
    show_chart(figure, f"Share of right answers with 95% intervals. {said}.", "practice-score", 130)
    st.markdown(summarize_reader_comparison(match, model))
    st.caption(
        "95% intervals; scans of one group count as one. They hold for a number of scans fixed beforehand: who looks "
        "after every scan meets a lead by chance more often."
    )
    with st.expander("Scans so far"):
        show_read_scans(practice_round, version)


def show_read_scans(practice_round: PracticeRound, version: str) -> None:
    """Every scan that was read, newest first."""
    rows = []
    for place, guess in reversed(practice_round.guesses.items()):
        answer = practice_round.predictions.get((version, place))
        if answer is None:
            continue
        case = practice_round.cases[place]
        rows.append(
            {
                "Scan": place + 1,
                "Truth": case.label.title,
                "You": guess.title,
                version: "Refused" if answer.predicted_class is None else _predicted_title(answer),
                "Tumour probability": answer.tumor_probability,
                "Both right": practice_round.is_correct(version, place, guess)
                and practice_round.is_correct(version, place),
                "File": case.name,
            }
        )
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config={"Tumour probability": bar}, key="practice-scans",
        alt=f"{len(rows)} scans with truth, your answer and that of {version}.",
    )  # fmt: skip


def _predicted_title(prediction: ModelPrediction) -> str:
    said = prediction.predicted_class
    return (
        ""
        if said is None
        else said.title
        if prediction.is_multiclass or not said.is_tumor
        else label_title(TUMOR_LABEL)
    )
