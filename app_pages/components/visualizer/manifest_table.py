"""Searchable and sortable table of the manifest with a CSV download."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.chart_downloads import to_csv_bytes
from app_pages.components.shared.formatting import pluralize
from braintumor.datasets.external.manifest import EXTERNAL_COLUMNS

# Not useful on screen; the download includes them.
_HIDDEN_COLUMNS: Final = frozenset({"sha256", "mode"})
_HEIGHT: Final = 460


def show_manifest_table(selected: pd.DataFrame) -> None:
    """Show the selected rows that match a search."""
    query = st.text_input(
        "Search", placeholder="A file name, patient, group, source dataset ...", key="explorer-search", max_chars=100,
        bind="query-params", icon=":material/search:",
    )  # fmt: skip
    matches = search_rows(selected, query)
    groups = pluralize(matches["group"].nunique(), "independent group")
    with_mask = int(matches["has_mask"].sum())
    st.markdown(f"{pluralize(len(matches), 'image')} in {groups}, {with_mask:,} of them with a tumour mask.")
    st.dataframe(
        matches[[c for c in EXTERNAL_COLUMNS if c in matches and c not in _HIDDEN_COLUMNS]], hide_index=True,
        height=_HEIGHT, key="manifest",
        column_config={c: st.column_config.Column(c.replace("_", " ")) for c in EXTERNAL_COLUMNS},
    )  # fmt: skip
    st.caption("Click a column name to sort by it.")
    st.download_button(
        "Download these rows as CSV", partial(to_csv_bytes, matches), "manifest.csv", "text/csv", on_click="ignore",
        key="manifest-csv",
    )  # fmt: skip


def search_rows(table: pd.DataFrame, query: str) -> pd.DataFrame:
    """Return the rows in which every word of the query occurs in some column, ignoring case."""
    matches = pd.Series(True, index=table.index)
    if query.split():
        text = pd.Series("", index=table.index)
        for column in table.columns.intersection(list(EXTERNAL_COLUMNS)):
            text += " " + table[column].astype(str)
        text = text.str.casefold()
        for word in query.casefold().split():
            matches &= text.str.contains(word, regex=False)
    return table[matches]
