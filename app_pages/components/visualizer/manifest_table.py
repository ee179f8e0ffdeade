"""The manifest as a table: searched, sorted, and taken away as CSV."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import pluralize
from braintumor.datasets.manifest import MANIFEST_COLUMNS

# Long and of no use to a reader; the download has it.
_HIDDEN_COLUMNS: Final = frozenset({"sha256", "mode"})
_HEIGHT: Final = 460


def show_manifest_table(selected: pd.DataFrame) -> None:
    """The rows that were kept by the filters, narrowed by a search."""
    wanted = st.text_input(
        "Search", placeholder="A file name, patient, group, origin ...", key="explorer-search", max_chars=100,
        persist_state="session", icon=":material/search:",
    )  # fmt: skip
    found = search_rows(selected, wanted)
    tumours = int(found["has_mask"].sum())
    said = (
        f"{pluralize(len(found), 'image')} in {pluralize(found['group'].nunique(), 'independent group')}, {tumours:,} of them "
        "with a tumour mask."
    )
    st.markdown(said)
    st.dataframe(
        found[[c for c in MANIFEST_COLUMNS if c not in _HIDDEN_COLUMNS]], hide_index=True, height=_HEIGHT, key="manifest",
        column_config={c: st.column_config.Column(c.replace("_", " ")) for c in MANIFEST_COLUMNS},
    )  # fmt: skip
    st.caption("Touch a column's name to sort by it.")
    st.download_button(
        "Download these rows as CSV", partial(to_csv_bytes, found), "manifest.csv", "text/csv", on_click="ignore",
        key="manifest-csv",
    )  # fmt: skip


def search_rows(table: pd.DataFrame, query: str) -> pd.DataFrame:
    """Rows in which every word occurs in some column, whatever its case."""
    kept = pd.Series(True, index=table.index)
    if query.split():
        text = pd.Series("", index=table.index)
        for column in table.columns.intersection(list(MANIFEST_COLUMNS)):
            text += " " + table[column].astype(str)
        text = text.str.casefold()
        for word in query.casefold().split():
            kept &= text.str.contains(word, regex=False)
    return table[kept]


def to_csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as the content of a CSV file."""
    content: str = table.to_csv(index=False, lineterminator="\n")
    return content.encode()
