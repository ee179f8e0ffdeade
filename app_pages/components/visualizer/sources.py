"""Sources view of the Explorer: how many images each source has, of which class, plane, contrast and licence."""

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import display_name
from app_pages.components.visualizer.data import get_external_manifest
from braintumor.datasets.external.manifest import join_manifests, summarize_sources
from braintumor.datasets.external.sets import EXTERNAL_COMMAND


def show_sources(manifest: pd.DataFrame) -> None:
    """Show one table with the counts of all sources, the Kaggle set's and the external ones."""
    external = get_external_manifest()
    if external.empty:
        show_missing(
            "The sets of other sources are not listed yet. Fetch and audit them with:", EXTERNAL_COMMAND,
            "braintumor data audit --external",
        )  # fmt: skip
        return
    table = summarize_sources(join_manifests(manifest, external))
    st.markdown(
        f"{pluralize(int(table['images'].sum()), 'image')} of {pluralize(table['origin'].nunique(), 'source')}, "
        f"{len(external):,} of them from {pluralize(external['origin'].nunique(), 'set')} of other sources."
    )
    st.dataframe(
        table, hide_index=True, key="sources",
        column_config={name: st.column_config.Column(display_name(name)) for name in table.columns},
    )  # fmt: skip
