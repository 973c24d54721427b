"""Settings of the site. ``sphinx-build -W docs docs/_build/html`` builds it without network."""

import skmtl

project = "skmtl"
copyright = "the skmtl developers"
author = "the skmtl developers"
version = release = skmtl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "myst_nb",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery/**", "auto_gallery/**.ipynb"]
templates_path = ["_templates"]


myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests run every block

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
    "notebook_extensions": set(),
    "backreferences_dir": "reference/examples",
    "doc_module": ("skmtl",),
}

autosummary_generate = True
autodoc_typehints = "none"  # the sections of parameters have the types in words
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "skmtl"
html_theme_options = {
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}


def _skip_routing(app, what, name, member, skip, options):
    """Leave out what scikit-learn adds to each estimator for metadata routing."""
    return True if name.endswith("_request") or name == "get_metadata_routing" else skip


def setup(app):
    """Connect what Sphinx calls."""
    app.connect("autodoc-skip-member", _skip_routing)
