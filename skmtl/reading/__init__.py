"""Read the user's tables: roles of columns, labels, weights, held-out rows.

Everything that `fit` and `predict` read goes through this package, for every engine. `Roles` tells
which columns of X are not features, `Targets` interprets y, `Validation` holds out rows,
`open_rows` opens tables on disk, and a `TableReader` stores what was learnt about X. The package
does not depend on engines and does not import torch.
"""

from skmtl.reading._event_targets import EventTargets
from skmtl.reading._leaks import warn_of_near_copies, warn_of_numeric_ids, warn_of_row_ids
from skmtl.reading._reader import RowsToScore, ScorableRows, TableReader
from skmtl.reading._repeated_pairs import repeated_pair
from skmtl.reading._roles import Roles, RowsOfX
from skmtl.reading._rows import (
    NO_LABEL_COUNTS,
    CheckedTable,
    EncodedRows,
    joined_tables,
    naming_eval_set,
)
from skmtl.reading._splits import (
    VALIDATION_METHODS,
    Split,
    Validation,
    checked_rows,
    splits_among,
    splits_of_all,
    validation_splits,
)
from skmtl.reading._stored import StoredSource, open_rows, stacked, stored_matrix
from skmtl.reading._targets import (
    ColumnTargets,
    EachWhenAsked,
    ScoredLabels,
    Targets,
    answers_in_blocks,
)
from skmtl.reading._terms import Term, terms_of
from skmtl.reading._text_labels import warn_of_numbers_in_labels
from skmtl.reading._weights import (
    read_sample_weight,
    resolve_task_weight,
    weights_by_task,
    without_labels,
)

__all__ = [
    "NO_LABEL_COUNTS",
    "VALIDATION_METHODS",
    "CheckedTable",
    "ColumnTargets",
    "EachWhenAsked",
    "EncodedRows",
    "EventTargets",
    "Roles",
    "RowsOfX",
    "RowsToScore",
    "ScorableRows",
    "ScoredLabels",
    "Split",
    "StoredSource",
    "TableReader",
    "Targets",
    "Term",
    "Validation",
    "answers_in_blocks",
    "checked_rows",
    "joined_tables",
    "naming_eval_set",
    "open_rows",
    "read_sample_weight",
    "repeated_pair",
    "resolve_task_weight",
    "splits_among",
    "splits_of_all",
    "stacked",
    "stored_matrix",
    "terms_of",
    "validation_splits",
    "warn_of_near_copies",
    "warn_of_numbers_in_labels",
    "warn_of_numeric_ids",
    "warn_of_row_ids",
    "weights_by_task",
    "without_labels",
]
