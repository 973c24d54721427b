"""Formulas as MathML, which browsers draw without a script from another site."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_ENTITY = re.compile(r"&(?!lt;|gt;|amp;)\w+;")  # XML does not know the others
_ACCENTS, _BARS = "\u02c6\u02c9\u02dc\u02d9\u00af~^", "|‖"


def _mathml(node: nodes.Element, *, as_block: bool) -> str:
    """Convert the TeX of a node; what cannot be converted is a warning and stays as it is."""
    tex = node.astext()
    try:
        return _mended(tex2mathml(tex, as_block=as_block))
    except MathError as error:
        logger.warning("cannot convert %r to MathML: %s", tex, error, location=node)
        return f"<code>{nodes.unescape(tex)}</code>"


def _mended(mathml: str) -> str:
    """Mend what docutils and browsers make of accents with an index, and of bars."""
    ElementTree.register_namespace("", _NAMESPACE)
    formula = ElementTree.fromstring(_ENTITY.sub(lambda found: unescape(found[0]), mathml))
    for element in formula.iter():
        children = list(element)
        if element.tag == _tag("munderover") and children[2].text in _ACCENTS:
            # The index would be below the letter, instead of beside it.
            accented = ElementTree.Element(_tag("mover"), accent="true")
            accented.extend([children[0], children[2]])
            element[:] = [accented, children[1]]
            element.tag = _tag("msub")
        has_fences = len(children) > 2 and _is_bar(children[0]) and _is_bar(children[-1])
        for child in children:
            if _is_bar(child) and not (element.tag == _tag("mrow") and has_fences):
                # Browsers take a bar between two letters for an operator with spaces.
                child.attrib.update(stretchy="false", lspace="0", rspace="0")
    return ElementTree.tostring(formula, encoding="unicode")


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _is_bar(element: ElementTree.Element) -> bool:
    return element.tag == _tag("mo") and (element.text or " ") in _BARS


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
