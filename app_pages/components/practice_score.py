"""Score of practice: how often the reader and the model were right so far, and whether that tells them apart."""

import pandas as pd
import streamlit as st

from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import section
from app_pages.components.palette import ACCENT, NEUTRAL
from app_pages.components.practice_round import Answer, Round
from app_pages.components.words import evidence
from braintumor.evaluation.match import judge, sentence
from braintumor.reporting.answer import answer_title
from braintumor.vocabulary import TUMOR

_KINDS = "Right answers of four classes. The model's is its likeliest class."
_NO_KINDS = "Right answers of two: tumour or none. This version tells no kinds of tumour, so neither of you has to."


def show_score(game: Round, version: str) -> None:
    """Shares of right answers with their intervals, the difference in a sentence, and the scans one by one."""
    bouts = game.bouts(version)
    if not bouts:
        return
    match, model = judge(bouts), f"Model {version}"
    kinds = game.tells_kinds(version)
    section("Score", f"{_KINDS if kinds else _NO_KINDS} To refuse a scan is wrong.")
    mine, its = sum(bout.reader for bout in bouts), sum(bout.model for bout in bouts)
    lines = [
        Bar(f"You: {mine} of {len(bouts)}", match.reader, match.reader.percent(), ACCENT),
        Bar(f"{model}: {its} of {len(bouts)}", match.model, match.model.percent(), NEUTRAL),
    ]
    figure = intervals(lines)
    figure.update_xaxes(range=[-0.03, 1.03])
    said = "; ".join(f"{line.label}, {line.text}" for line in lines)
    st.markdown(f"**You {match.reader.percent()}, {model} {match.model.percent()}**, {evidence(match.ahead)}.")
    show(figure, f"Share of right answers with 95% intervals. {said}.", "practice-score", 130)
    st.markdown(sentence(match, model))
    st.caption(
        "95% intervals; scans of one group count as one. They hold for a number of scans fixed beforehand: who looks "
        "after every scan meets a lead by chance more often."
    )
    with st.expander("Scans so far"):
        show_scans(game, version)


def show_scans(game: Round, version: str) -> None:
    """Every scan that was read, newest first."""
    rows = []
    for place, guess in reversed(game.guesses.items()):
        answer = game.answers.get((version, place))
        if answer is None:
            continue
        case = game.cases[place]
        rows.append(
            {
                "Scan": place + 1,
                "Truth": case.label.title,
                "You": guess.title,
                version: "Refused" if answer.said is None else _title(answer),
                "Tumour probability": answer.tumor_probability,
                "Both right": game.right(version, place, guess) and game.right(version, place),
                "File": case.name,
            }
        )
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config={"Tumour probability": bar}, key="practice-scans",
        alt=f"{len(rows)} scans with truth, your answer and that of {version}.",
    )  # fmt: skip


def _title(answer: Answer) -> str:
    said = answer.said
    return "" if said is None else said.title if answer.kinds or not said.is_tumor else answer_title(TUMOR)
