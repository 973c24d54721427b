"""Formulas as MathML, which browsers draw without a script from another site."""

from __future__ import annotations

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

# Bars are delimiters here, but browsers take one between two letters for an operator with spaces.
_BAR = re.compile(r'<mo stretchy="false">([|‖])</mo>')


def _mathml(node: nodes.Element, *, as_block: bool) -> str:
    """Convert the TeX of a node; what cannot be converted is a warning and stays as it is."""
    tex = node.astext()
    try:
        mathml = tex2mathml(tex, as_block=as_block)
    except MathError as error:
        logger.warning("cannot convert %r to MathML: %s", tex, error, location=node)
        return f"<code>{nodes.unescape(tex)}</code>"
    return _BAR.sub(r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>', mathml)


def _inline(translator, node):
    translator.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def _block(translator, node):
    translator.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
