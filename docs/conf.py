"""Settings of the site. ``sphinx-build -W docs docs/_build/html`` builds it without network."""

import inspect
import os
import shutil
import sys
from pathlib import Path

from sphinx.util.inspect import stringify_signature

import skmtl

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "skmtl"
copyright = "the skmtl developers"
author = "the skmtl developers"
version = release = skmtl.__version__

default_role = "autolink"  # links names in single backticks, where they are documented
extensions = [
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "myst_nb",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_extensions", "_templates", "gallery/**", "auto_gallery/**.ipynb"]
templates_path = ["_templates"]


myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests run every block and every notebook

# The build runs every page of the gallery; -D plot_gallery=0 leaves them as they are.
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"\.py$",
    "nested_sections": False,
    "subsection_order": [
        "gallery/targets",
        "gallery/sharing",
        "gallery/time",
        "gallery/trust",
        "gallery/use",
    ],
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": float("inf"),  # the builder's machine says little
    "notebook_extensions": set(),
    "backreferences_dir": "reference/examples",
    "doc_module": ("skmtl",),
}

# Figures of the methods, which the build draws.
plot_formats = ["svg"]
plot_html_show_formats = plot_html_show_source_link = False
plot_rcparams = {"figure.constrained_layout.use": True, "font.size": 9}
plot_apply_rcparams = True

autosummary_generate = True
autodoc_typehints = "none"  # the sections of parameters have the types in words
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"  # the names of methods alone fit beside the text

html_math_renderer = "mathml"  # MathJax would be loaded from another site
html_theme = "pydata_sphinx_theme"
html_title = "skmtl"
html_favicon = "_static/icon.svg"
html_theme_options = {
    "logo": {"text": "skmtl", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "show_toc_level": 2,
    "header_links_before_dropdown": 4,  # so that a narrow window has one line
    "navbar_end": ["theme-switcher"],
    "check_switcher": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
# The navigation on the left shows the pages of a section, and these belong to none.
_ALONE = (
    "architecture", "benchmarks", "changelog", "citing", "contributing", "faq", "get_started",
    "genindex", "py-modindex", "search",
)  # fmt: skip
html_sidebars = {page: [] for page in _ALONE}

# Where the site is published with a folder for each version, SKMTL_DOCS_URL is its address.
if site := os.environ.get("SKMTL_DOCS_URL"):
    html_theme_options["switcher"] = {
        "json_url": f"{site.rstrip('/')}/dev/_static/switcher.json",
        "version_match": os.environ.get("SKMTL_DOCS_VERSION", "dev"),
    }
    html_theme_options["navbar_end"].insert(0, "version-switcher")


def _copy_notebooks(app):
    """Put the notebooks below the sources; those that have not changed are not read again."""
    for notebook in (app.srcdir.parent / "notebooks").glob("*.ipynb"):
        shutil.copy2(notebook, app.srcdir / "notebooks")


def _skip_known(app, what, name, member, skip, options):
    """Leave out what scikit-learn adds and documents itself, and the fields of named tuples."""
    added = ("get_metadata_routing", "set_output")
    is_field = (inspect.getdoc(member) or "").startswith("Alias for field number")
    return True if name.endswith("_request") or name in added or is_field else skip


def _show_parameters(app, what, name, obj, options, signature, return_annotation):
    """Show the parameters of estimators: Sphinx would show those of ``__new__``, ``*values``."""
    if what != "class" or obj.__new__ is object.__new__:
        return None
    return stringify_signature(inspect.signature(obj), show_annotation=False), None


def setup(app):
    """Connect what Sphinx calls."""
    app.connect("builder-inited", _copy_notebooks)
    app.connect("autodoc-skip-member", _skip_known)
    app.connect("autodoc-process-signature", _show_parameters)
