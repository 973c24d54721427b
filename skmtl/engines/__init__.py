"""Engines, which learn from prepared data and compute raw scores.

An `Engine` declares which form of rows it reads (`make_encoder`) and learns from a `Problem`:
encoded rows, tasks, weights, held-out rows. `Preparation` and `FitProgress` handle roles, labels,
tables on disk, validation rows and callbacks in the same way for all engines.
`skmtl.engines.network` trains networks, and `skmtl.engines.boosting` grows trees; they do not
depend on each other. A new engine is a subclass of `Engine`, or of `BagByBagEngine`, which fits
bag by bag; see CONTRIBUTING.md.
"""

from skmtl.engines._eval_set import chosen_eval_set
from skmtl.engines._going_on import read_to_go_on
from skmtl.engines._gradients import check_exact_gradients
from skmtl.engines._preparation import (
    Preparation,
    Settings,
    fresh_random_state,
    start_preparation,
)
from skmtl.engines._progress import FitProgress
from skmtl.engines._protocol import (
    BagByBagEngine,
    Engine,
    HeldOutMean,
    Learnt,
    Problem,
    StreamedRows,
)
from skmtl.engines._raters import Severities, check_rated, fit_rated
from skmtl.engines._residuals import learn_residuals
from skmtl.engines._sizes import SCORING_ROWS, bags_for
from skmtl.engines._threads import number_of_threads
from skmtl.engines._validation_losses import validation_losses
from skmtl.engines._weights import weights_in_rows

__all__ = [
    "SCORING_ROWS",
    "BagByBagEngine",
    "Engine",
    "FitProgress",
    "HeldOutMean",
    "Learnt",
    "Preparation",
    "Problem",
    "Settings",
    "Severities",
    "StreamedRows",
    "bags_for",
    "check_exact_gradients",
    "check_rated",
    "chosen_eval_set",
    "fit_rated",
    "fresh_random_state",
    "learn_residuals",
    "number_of_threads",
    "read_to_go_on",
    "start_preparation",
    "validation_losses",
    "weights_in_rows",
]
