"""How long a fit takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Estimator = TypeVar("Estimator")


def timed(fit: Callable[Parameters, Estimator]) -> Callable[Parameters, Estimator]:
    """Decorate a method or function that returns a fitted estimator to set its `fit_time_`.

    Parameters
    ----------
    fit : callable

    Returns
    -------
    callable
        With the same signature. `fit_time_` is the elapsed time in seconds.
    """

    @wraps(fit)
    def timed_fit(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Estimator:
        begun = time.perf_counter()
        fitted = fit(*args, **kwargs)
        vars(fitted)["fit_time_"] = time.perf_counter() - begun
        return fitted

    return timed_fit
