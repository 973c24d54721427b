"""Parse and check LightGBM's text of a model before LightGBM reads it.

LightGBM trusts its input: a child that does not exist, or truncated text, leads to invalid memory
access. So the text is parsed here, every number is checked, and LightGBM receives text that is
rewritten from the checked parts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

_NUMBER = r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?(?:e[+-]?\d{1,4})?|inf|nan)"
_NUMBERS = re.compile(rf"(?:{_NUMBER}(?: {_NUMBER})*)?")
_WHOLE_NUMBERS = re.compile(r"(?:-?\d{1,10}(?: -?\d{1,10})*)?")
_NAMES = re.compile(r"\w+(?: \w+)*")
_RANGE = rf"none|\[{_NUMBER}:{_NUMBER}\]|-?\d{{1,10}}(?::-?\d{{1,10}})*"
_RANGES = re.compile(rf"(?:{_RANGE})(?: (?:{_RANGE}))*")
_PARAMETER = re.compile(r'\[\w{1,100}: [^\x00-\x1f"\\]*\]')
_END_OF_TREES, _PARAMETERS, _END_OF_PARAMETERS = "end of trees", "parameters:", "end of parameters"

_HEADER = (
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
    "feature_names", "feature_infos", "tree_sizes",
)  # fmt: skip
_OPTIONAL_HEADER = ("monotone_constraints",)
_SPLIT_NUMBERS = ("split_gain", "threshold", "internal_value", "internal_weight")
_TREE = (
    "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type",
    "left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value",
    "internal_weight", "internal_count", "cat_boundaries", "cat_threshold", "is_linear",
    "shrinkage",
)  # fmt: skip
_OF_CATEGORIES = ("cat_boundaries", "cat_threshold")
# Bits of a decision: categorical or numeric, where missing values go, what counts as missing.
_BY_CATEGORY, _MISSING_SHIFT, _WHAT_IS_MISSING = 1, 2, 3
# The memory of SHAP values grows with the square of the depth, that of the stack with the depth.
_DEEPEST = 2000

Fields = dict[str, str]
Number = TypeVar("Number", int, float)


def checked_tree_text(text: str) -> str:
    """Return the text of a model, rewritten from checked parts.

    Parameters
    ----------
    text : str
        The result of ``Booster.model_to_string`` when a model was saved.

    Returns
    -------
    str
        The same trees and parameters.

    Raises
    ------
    ValueError
        If the text is not that of a model with a custom objective, or if a number in it is
        invalid.
    """
    head, *sections = text.partition(f"\n{_END_OF_TREES}\n")[0].split("\nTree=")
    header = _fields(head.removeprefix("tree\n"), _HEADER, _OPTIONAL_HEADER)
    n_features = _checked_header(header, len(sections))
    trees = [_tree(section, number, n_features) for number, section in enumerate(sections)]
    header["tree_sizes"] = " ".join(str(len(tree)) for tree in trees)
    lines = "\n".join(f"{name}={value}" for name, value in header.items())
    parameters = "".join(f"{line}\n" for line in _parameters(text))
    return (
        f"tree\n{lines}\n\n{''.join(trees)}{_END_OF_TREES}\n\n"
        f"{_PARAMETERS}\n{parameters}\n{_END_OF_PARAMETERS}\n\npandas_categorical:null\n"
    )


def _fields(block: str, names: Iterable[str], optional: Iterable[str]) -> Fields:
    """Parse lines "name=value", where each name occurs once."""
    fields: Fields = {}
    for line in filter(None, block.split("\n")):
        name, _, value = line.partition("=")
        if name in fields or (name not in names and name not in optional):
            raise ValueError(f"LightGBM's text has no place for {line[:40]!r}")
        fields[name] = value
    missing = [name for name in names if name not in fields]
    if missing:
        raise ValueError(f"LightGBM's text lacks {missing[0]!r}")
    return fields


def _numbers(fields: Fields, name: str, n: int) -> list[float]:
    return _of_length(list(map(float, _words(fields, name, _NUMBERS))), name, n)


def _finite_numbers(fields: Fields, name: str, n: int) -> list[float]:
    values = _numbers(fields, name, n)
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{name!r} of LightGBM's text is not finite")
    return values


def _whole_numbers(fields: Fields, name: str, n: int, low: int, stop: int) -> list[int]:
    """Whole numbers in [low, stop)."""
    values = list(map(int, _words(fields, name, _WHOLE_NUMBERS)))
    if values and (min(values) < low or max(values) >= stop):
        raise ValueError(f"{name!r} of LightGBM's text is not in [{low}, {stop})")
    return _of_length(values, name, n)


def _words(fields: Fields, name: str, pattern: re.Pattern[str]) -> list[str]:
    if not pattern.fullmatch(fields[name]):
        raise ValueError(f"{name!r} of LightGBM's text cannot be {fields[name][:40]!r}")
    return fields[name].split(" ") if fields[name] else []


def _of_length(values: list[Number], name: str, n: int) -> list[Number]:
    if len(values) != n:
        raise ValueError(f"{name!r} of LightGBM's text has {len(values)} numbers instead of {n}")
    return values


def _whole_number(fields: Fields, name: str, low: int, stop: int) -> int:
    return _whole_numbers(fields, name, 1, low, stop)[0]


def _checked_header(header: Fields, n_trees: int) -> int:
    """The number of features."""
    if header["version"] != "v4":
        raise ValueError(f"LightGBM's text has the version {header['version'][:40]!r}")
    n_features = len(_words(header, "feature_names", _NAMES))
    if len(_words(header, "feature_infos", _RANGES)) != n_features:
        raise ValueError(f"'feature_infos' of LightGBM's text are not those of {n_features}")
    _whole_number(header, "max_feature_idx", n_features - 1, n_features)
    _whole_number(header, "label_index", 0, 1)
    per_round = _whole_number(header, "num_tree_per_iteration", 1, n_trees + 1)
    _whole_number(header, "num_class", per_round, per_round + 1)
    if n_trees % per_round:
        raise ValueError(f"LightGBM's text has {n_trees} trees, in rounds of {per_round}")
    if "monotone_constraints" in header:
        _whole_numbers(header, "monotone_constraints", n_features, -1, 2)
    return n_features


def _tree(section: str, number: int, n_features: int) -> str:
    """A tree as LightGBM may read it."""
    given_number, _, block = section.partition("\n")
    if given_number != str(number):
        raise ValueError(f"tree {number} of LightGBM's text is called {given_number[:40]!r}")
    required = [name for name in _TREE if name not in _OF_CATEGORIES]
    fields = _fields(block, required, _OF_CATEGORIES)
    n_leaves = fields["leaf_value"].count(" ") + 1
    _whole_number(fields, "num_leaves", n_leaves, n_leaves + 1)
    _finite_numbers(fields, "leaf_value", n_leaves)
    _whole_number(fields, "is_linear", 0, 1)
    _numbers(fields, "shrinkage", 1)
    # A tree of one leaf has no more of its own.
    if n_leaves > 1 or fields["leaf_weight"]:
        _numbers(fields, "leaf_weight", n_leaves)
    if n_leaves > 1 or fields["leaf_count"]:
        _whole_numbers(fields, "leaf_count", n_leaves, 0, 2**31)
    for name in _SPLIT_NUMBERS:
        _numbers(fields, name, n_leaves - 1)
    _whole_numbers(fields, "internal_count", n_leaves - 1, 0, 2**31)
    _whole_numbers(fields, "split_feature", n_leaves - 1, 0, n_features)
    _check_children(fields, n_leaves)
    _check_decisions(fields, n_leaves - 1)
    lines = "\n".join(f"{name}={fields[name]}" for name in _TREE if name in fields)
    return f"Tree={number}\n{lines}\n\n\n"


def _check_children(fields: Fields, n_leaves: int) -> None:
    """Every leaf, and every split but the first, is the child of one split before it."""
    n_splits = n_leaves - 1
    left, right = (
        _whole_numbers(fields, name, n_splits, -n_leaves, n_splits)
        for name in ("left_child", "right_child")
    )
    if len({*left, *right}) < 2 * n_splits:
        raise ValueError("two splits of LightGBM's text have the same child")
    depth = [1] * n_leaves
    for split, pair in enumerate(zip(left, right, strict=True)):
        for child in pair:
            if 0 <= child <= split:
                raise ValueError(f"split {split} of LightGBM's text has the child {child}")
            if child > 0:
                depth[child] = depth[split] + 1
    if max(depth) > _DEEPEST:
        raise ValueError(f"a tree of LightGBM's text has more than {_DEEPEST} levels")


def _check_decisions(fields: Fields, n_splits: int) -> None:
    """Check that categorical splits have a set of categories, and that its bits exist."""
    decisions = _whole_numbers(fields, "decision_type", n_splits, 0, 16)
    if any(decision >> _MISSING_SHIFT == _WHAT_IS_MISSING for decision in decisions):
        raise ValueError("'decision_type' of LightGBM's text has an unknown kind of missing value")
    n_sets = _whole_number(fields, "num_cat", 0, n_splits + 1)
    if [name for name in _OF_CATEGORIES if name in fields] != list(_OF_CATEGORIES[: 2 * n_sets]):
        raise ValueError("'num_cat' of LightGBM's text does not suit its categories")
    thresholds = _numbers(fields, "threshold", n_splits)  # infinite where only gaps go right
    if any(map(math.isnan, thresholds)):
        raise ValueError("'threshold' of LightGBM's text is not a number")
    for decision, threshold in zip(decisions, thresholds, strict=True):
        if decision & _BY_CATEGORY and threshold not in range(n_sets):
            raise ValueError("a split of LightGBM's text has no set of categories")
    if n_sets:
        n_words = len(_words(fields, "cat_threshold", _WHOLE_NUMBERS))
        _whole_numbers(fields, "cat_threshold", n_words, 0, 2**32)
        ends = _whole_numbers(fields, "cat_boundaries", n_sets + 1, 0, n_words + 1)
        if ends[0] != 0 or ends[-1] != n_words or any(a >= b for a, b in pairwise(ends)):
            raise ValueError("'cat_boundaries' of LightGBM's text do not suit its categories")


def _parameters(text: str) -> list[str]:
    """Return the lines of the parameters, which LightGBM writes again when the model is saved."""
    _, _, behind = text.partition(f"\n{_END_OF_TREES}\n")
    block, end, _ = behind.partition(f"\n{_PARAMETERS}\n")[2].partition(f"\n{_END_OF_PARAMETERS}")
    lines = [line for line in block.split("\n") if line]
    if not end:
        raise ValueError("LightGBM's text ends too soon")
    for line in lines:
        if not _PARAMETER.fullmatch(line):
            raise ValueError(f"LightGBM's text has the parameter {line[:40]!r}")
    return lines
