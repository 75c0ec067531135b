"""Sphinx configuration for `make docs`: builds the site from the pages in this folder and the package's docstrings."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "extensions")]

from sendcloud_integrations_client.version import __version__  # noqa: E402 - needs the path above

project = "sendcloud-integrations-client"
author = f"the authors of {project}"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "public_names", "plain_docstrings"]
exclude_patterns = ["extensions"]

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["status_search.js"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"OnDecodeError": "OnDecodeError"}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 60
toc_object_entries_show_parents = "hide"

# Every cross-reference must resolve, except names of other projects: their inventories are not available without a
# network connection.
nitpicky = True
external_modules = "|".join(
    [*sorted(sys.stdlib_module_names), "attrs", "httpx", "procrastinate", "pytest", "sqlalchemy"]
)
nitpick_ignore_regex = [
    (r"py:.*", rf"({external_modules})\..*"),
    (r"py:.*", r"(sendcloud_integrations_client\..*\.)?T(_co)?"),  # type variables
]
# A glob pattern in a table of contents can match no page. `suppress_warnings` cannot name this warning.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: getattr(record, "subtype", None) != "empty_glob"
)
