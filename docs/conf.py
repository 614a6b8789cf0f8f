"""Sphinx configuration: ``sphinx-build -W -j auto docs docs/_build``."""

import os
import sys
from pathlib import Path

import skconv

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "skconv"
copyright = "the authors of skconv"
release = version = skconv.__version__

extensions = [
    "drawings",
    "gallery",
    "myst_nb",
    "notebooks",
    "numpydoc",
    "parameters",
    "public",
    "reference",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!skconv\.).*")]
"""Names of other packages and of parameters are not linked."""

default_role = "py:obj"
toc_object_entries_show_parents = "hide"

autodoc_inherit_docstrings = False
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_output_stderr = "warn"
nb_merge_streams = True
nb_render_markdown_format = "myst"
# pages run outside the checkout; cells that readers do not see import modules of this folder
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.getenv("PYTHONPATH")])])
os.environ["MATPLOTLIBRC"] = str(HERE)
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = f"skconv {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}

copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = ">>> |\\.\\.\\. "
copybutton_prompt_is_regexp = True
