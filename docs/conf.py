"""How `make docs` builds the site: every Markdown page of the project, and a reference from the docstrings.

Strict and offline: a warning is an error, a name that leads nowhere is a warning, and nothing is fetched. See
docs/decisions/project/2026-11-21-api-reference.md.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from braintumor import __version__  # noqa: E402  the path must come first

project = "Brain Tumor Detector"
author = "the contributors"
release = version = __version__
language = "en"

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "reference_pages"]

# The source is the checkout, so that a link from page to page means the same here and where the code is hosted.
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "*/README.md"]
exclude_patterns = [".*", "app_pages", "docs/_build", "inputs/[!R]*", "outputs", "recipes", "scripts", "src", "tests"]
myst_heading_anchors = 3

# The REST API is described by its OpenAPI document, not here. `sphinx-build --tag reading` also leaves out what needs
# TensorFlow and much time: that is what the tests build.
serving_only = tags.has("reading")  # noqa: F821  Sphinx gives the tags
reference_left_out = ["api", *(["evaluation", "exploration", "models", "training"] if serving_only else [])]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False

# A name in single backticks leads to what it names. One that starts with `braintumor.` must lead somewhere; any other
# may be a plain word of the code, and then stays one. What other libraries hold is named, not linked: no inventory of
# theirs is fetched. A base class that is private has no place of its own.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!braintumor\.).*"),
    ("py:class", r"braintumor\.(?:\w+\.)*_\w+"),
    *[("py:.*", rf"braintumor\.{name}\b.*") for name in reference_left_out],
]

html_theme = "pydata_sphinx_theme"
html_title = project
html_theme_options = {
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_sidebars = {"[!d]**": [], "docs/[!r]**": []}  # only the reference has pages beside a page
html_show_sourcelink = False
