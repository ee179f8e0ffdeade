"""Summary for engineers: one sample through the API, the command line and the library."""

from typing import Final

import streamlit as st

from app_pages.components.shared.page import shell_command, show_readme, show_section

SAMPLE_PATH: Final = "src/braintumor/samples/files/sample-slice-1.jpg"
COMMAND: Final = f"braintumor predict {SAMPLE_PATH}"
LIBRARY: Final = """\
from braintumor import predict_image
from braintumor.samples import find_sample

detection = predict_image(find_sample("slice-1").path)
print(detection.verdict, detection.tumor_probability)
print(detection.reason)
"""
API_PATH: Final = "/api/v1/predict"
API: Final = f"""\
braintumor serve --port 8600 &
curl --retry 9 --retry-connrefused -F files=@{SAMPLE_PATH} http://localhost:8600{API_PATH}
"""


def show_engineer() -> None:
    """Draw the part for engineers."""
    st.markdown(
        "The dashboard, the REST API, the command line and the library run the same code. Serving needs ONNX Runtime "
        "and no TensorFlow. The snippets run in the folder of the source code."
    )
    show_section("Command line", "One row per slice; `--csv`, `--pdf`, `--overlays` and `--zip` save the results.")
    st.code(shell_command(COMMAND), language="shell", wrap_lines=True)
    show_section("Library", "Typed results with the heat map and the mask as arrays.")
    st.code(LIBRARY, language="python", wrap_lines=True)
    show_section("REST API", "Documented at `/api/docs` of `braintumor serve`. With accounts on, add a token.")
    st.code("\n".join(map(shell_command, API.strip().splitlines())), language="shell", wrap_lines=True)
    if st.button("Open the README"):
        show_readme()
