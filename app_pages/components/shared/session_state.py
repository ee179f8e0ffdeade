"""State that several pages share for the length of a browser session."""

from typing import Final

import streamlit as st

from braintumor.services.prediction_log import PredictionLog

PREDICTION_LOG_KEY: Final = "prediction-log"
FINDINGS_KEY: Final = "reader-findings"


def current_prediction_log() -> PredictionLog:
    """Return the prediction log of this browser session; it is in memory and ends with the session."""
    log: PredictionLog | None = st.session_state.get(PREDICTION_LOG_KEY)
    if log is None:
        log = st.session_state[PREDICTION_LOG_KEY] = PredictionLog()
    return log
