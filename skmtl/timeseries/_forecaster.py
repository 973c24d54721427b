"""Forecasts of panels by any estimator of several targets."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import MetaEstimatorMixin, MultiOutputMixin
from sklearn.utils import check_random_state

from skmtl._storable import storable
from skmtl.answers import last_step, says_its_tasks, unfitted_model
from skmtl.models import (
    Check,
    ask_everything,
    boolean,
    check_parameters,
    integer,
    one_of,
    real,
    seed,
    timed,
)
from skmtl.models import save as save_to_file
from skmtl.panels import Anchor, CalendarFeatures, Columns, Freq, PanelColumns
from skmtl.tasks import DerivedTarget, TasksLike
from skmtl.timeseries._answering import AnsweringFromHistory
from skmtl.timeseries._conformal import read_coverages
from skmtl.timeseries._examples import ExampleSettings
from skmtl.timeseries._fitting import fit_conformal, fit_panel
from skmtl.timeseries._preparation import prepare
from skmtl.timeseries._settings import LagSettings, Steps, read_calendar
from skmtl.timeseries._weights import WEIGHT_POWERS, Weighting, read_weight


@storable
class Forecaster(MetaEstimatorMixin, MultiOutputMixin, AnsweringFromHistory):
    """Forecast the next steps of many series and several targets with one model.

    X is a long table with a row for each id and time, and y has the targets, some of whose labels
    may be missing. A training example consists of a row and an origin, up to `horizon` steps
    earlier; its features describe what was known at the origin. One model thus forecasts all steps
    of all series directly, without feeding forecasts back, and the number of steps to the forecast
    time is a feature.

    A target that is a number is learnt as ``(y - anchor) / scale``. Both come only from the past
    of the origin: adding a constant to a whole series, or multiplying it by a constant, does the
    same to its forecasts.

    Parameters
    ----------
    estimator : estimator
        The model of the standardised targets given the features: any estimator of skmtl, alone or
        at the end of a pipeline, or a scikit-learn estimator that accepts missing features and, if
        necessary, several targets; the latter is fitted to the examples without missing labels. It
        is cloned.
    id : label or sequence of labels, default=None
        The columns of X that identify a series; None if the table is a single series.
    time : label, default=None
        The column of the times: timestamps, periods or whole numbers.
    freq : str, offset or int, default=None
        The step of the times, such as "h", "W-FRI" or "MS"; see `ForecastSplit`.
    horizon : int, default=1
        The maximum number of steps ahead.
    season : int or sequence of int, default=None
        Lengths of the seasons in steps, such as 7 for daily data, or ``(24, 168)`` for hourly
        data. The values of the last seasons, and changes since the season before, are features.
    lags : int, sequence of int or "auto", default="auto"
        The last values to use as features: their number, or the lags in steps. The feature is
        missing if there is no row at that time. Lag 1 is the value at the origin. "auto" is the
        longest season, but at least 12 and at most 28.
    windows : int, sequence of int or "auto", default="auto"
        Lengths of windows, in steps, whose mean, spread, slope and extremes are features. "auto"
        is a third of the longest season, the season, and four times the season, which counts as
        at least 6.
    calendar : Calendar, "auto" or None, default="auto"
        Features of the local time of the forecast.
    known : label or sequence of labels, default=None
        Covariates that are known in advance, such as holidays and planned prices. Their values in
        the row to forecast are used.
    past : label or sequence of labels, default=None
        Covariates that are only known once their time has come, such as the weather. Their values
        in rows to forecast are never used.
    static : label or sequence of labels, default=None
        Covariates that are the same at all times of a series.
    tasks : str, Kind, or mapping of target to str or Kind, default=None
        Kinds of the targets, as in `RMTGB`; the kinds of targets that are not in a mapping are
        inferred from their dtype.
    derived : mapping of name to Change, Occurs, Exceeds or Hurdle, default=None
        Targets that are derived from numbers, from `skmtl.tasks`, such as ``{"up":
        Change("sales")}``. They are learnt and predicted together with the targets of y.
    anchor : str, or mapping of target to str, default="auto"
        What is subtracted from a number: the last value ("last"), the value one season before
        ("season"), the mean of the last season ("mean"), or nothing ("none"). "auto" is "none" for
        counts and for targets with more than 30 % zeros; otherwise it is the anchor that is
        closest to the last `horizon` values of the series.
    scale : {"auto", "none"}, default="auto"
        The divisor of a number. "auto" is the mean absolute change of its series up to the origin:
        from one step to the next, or from one season to the next with the anchor "season". Without
        an anchor it is the mean absolute value. It is at least a thousandth of the usual scale in
        the panel, or a tenth without an anchor. With "none" the features have the units of the
        target, and nothing is subtracted either.
    steps : {"feature", "tasks"}, default="feature"
        How the estimator learns the steps ahead. With "feature" each row and step is an example,
        and the step is a feature, which suits trees. With "tasks" each origin is an example, and
        each target has a task for each step, which suits linear models and networks: all tasks use
        the same past, and the known covariates of every step. A forecast then also uses the known
        covariates of the other rows of the same series.
    weight : {"equal", "root", "scale"}, default="root"
        Weights of the examples: "equal" for scores that are relative to each series, such as MASE;
        "scale", in proportion to the scale, for scores in the units of y, such as WAPE; "root", in
        proportion to its square root, in between. Classes have no scale, and all their examples
        the same weight.
    conformal : bool, float or sequence of float, default=None
        Coverages of intervals for numbers; True is 0.8. `predict_quantiles` builds them from the
        forecast errors by target and step, in units of the scale, on the last four horizons of
        the panel (at most a quarter of it, but at least one horizon). Targets that are learnt as
        quantiles keep theirs, and those at the ends of an interval are corrected by their own
        errors. This needs a second fit, to all earlier rows.
    clip : float, default=20.0
        Standardised labels with an anchor are clipped at this number of scales from it.
    max_examples : int, default=200_000
        Maximum number of training examples, drawn at random from all pairs of a row and a step, or
        from all origins.
    keep_history : bool, default=True
        Whether the forecaster and its file store the past of the series. Without it, pass
        `history` to every prediction, or call `update` with the last rows.
    random_state : int, RandomState or None, default=None
        Random state of the sample of examples; the estimator has its own.

    Attributes
    ----------
    estimator_ : estimator
        The estimator fitted to the features and standardised targets.
    history_ : History
        The past of the series.
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Importances of `estimator_` for the features made from the panel; see `make_features`.
    anchors_ : dict of target to str
        The anchor of each target that is a number.
    fit_time_ : float or None
        Seconds that `fit` took; None if the model comes from a file that does not have it.
    task_names_ : list
        The targets.
    task_kinds_ : dict of target to str
    classes_ : ndarray or list of ndarray
        Class labels of each target that has classes.

    See Also
    --------
    ForecastSplit : Windows of time for searches and cross-validation.
    backtest : Forecasts of past times, as they would have been made at that time.

    Notes
    -----
    *Fitted values.* Times up to the last label of a series are predicted from what was known one
    step before, so that `score` works on the rows of `fit`.

    *Late labels.* A series is known up to its last row with a label of any target. Later rows,
    such as rows to forecast that were part of `fit`, change nothing.

    *Gaps.* If a time has no row, its lags are missing, and windows have a feature for the share of
    known values. Rows without a label are not used as examples, and are never counted as zero.

    *Validation.* If an estimator of skmtl holds out random rows, all examples of a label, from all
    origins, are held out together. On the validation part of M4's weekly series this had a MASE of
    2.346, against 2.359 with examples held out one by one, and 2.398 with all labels of a series
    within one horizon held out together.
    The number of rounds may also be chosen by the newest horizon, followed by a fit to all rows.
    On earlier cutoffs with 5,000 examples this took twice the time and was not always better:
    RMSSE of carparts .954 instead of .942, MASE of M4's weekly series 2.449 instead of 2.464,
    WAPE of walmart .090 and .115 instead of .091 and .118, and of pm25 in Beijing .258 and .376
    instead of .238 and .383.

    *Ids without history* are forecast from static and known covariates, and from the time.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl import RMTGB
    >>> from skmtl.timeseries import Forecaster
    >>> days = pd.date_range("2024-01-01", periods=70)
    >>> X = pd.DataFrame({"shop": np.repeat(["A", "B"], 70), "day": [*days, *days]})
    >>> week = np.tile([1.0, 2, 3, 4, 5, 9, 0], 20)
    >>> Y = pd.DataFrame({"sales": week * np.repeat([10, 300], 70), "open": week > 0})
    >>> inner = RMTGB(n_rounds=30, n_bags=1, random_state=0)
    >>> model = Forecaster(
    ...     inner, id="shop", time="day", freq="D", horizon=7, season=7, random_state=0
    ... ).fit(X, Y)
    >>> X_next = pd.DataFrame({"shop": "B", "day": pd.date_range("2024-03-11", periods=3)})
    >>> model.predict(X_next)["sales"].round().tolist()
    [300.0, 600.0, 900.0]
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "horizon": integer(1),
        "scale": one_of("auto", "none"),
        "steps": one_of("feature", "tasks"),
        "weight": one_of(*WEIGHT_POWERS),
        "clip": real(0, open_low=True),
        "max_examples": integer(2),
        "keep_history": boolean,
        "random_state": seed,
    }

    def __init__(
        self,
        estimator: Any,
        *,
        id: Columns = None,
        time: Hashable = None,
        freq: Freq = None,
        horizon: int = 1,
        season: Steps = None,
        lags: Steps = "auto",
        windows: Steps = "auto",
        calendar: CalendarFeatures | Literal["auto"] | None = "auto",
        known: Columns = None,
        past: Columns = None,
        static: Columns = None,
        tasks: TasksLike = None,
        derived: Mapping[Hashable, DerivedTarget] | None = None,
        anchor: Anchor | Literal["auto"] | Mapping[Hashable, str] = "auto",
        scale: Literal["auto", "none"] = "auto",
        steps: Literal["feature", "tasks"] = "feature",
        weight: Weighting = "root",
        conformal: bool | float | Sequence[float] | None = None,
        clip: float = 20.0,
        max_examples: int = 200_000,
        keep_history: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.id = id
        self.time = time
        self.freq = freq
        self.horizon = horizon
        self.season = season
        self.lags = lags
        self.windows = windows
        self.calendar = calendar
        self.known = known
        self.past = past
        self.static = static
        self.tasks = tasks
        self.derived = derived
        self.anchor = anchor
        self.scale = scale
        self.steps = steps
        self.weight = weight
        self.conformal = conformal
        self.clip = clip
        self.max_examples = max_examples
        self.keep_history = keep_history
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Check the parameters as in `fit`, but without data.

        Raises
        ------
        ValueError, TypeError
            If a parameter of the forecaster or of its estimator is invalid.
        """
        check_parameters(self)
        LagSettings.read(self.season, self.lags, self.windows)
        read_calendar(self.calendar)
        read_coverages(self.conformal)
        PanelColumns.read(self.id, self.time, self.known, self.past, self.static)
        within = last_step(self.estimator)
        if unfitted_model(within) is not None:
            within.check_parameters()

    @timed
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Forecaster:
        """Learn from all origins of a panel.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            A row for each id and time, in any order. Every column has a role.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
            The targets, some of whose labels may be missing.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows as labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a column has no role, two rows have one id and time, times are not on the grid of
            `freq`, or there is nothing to learn from; the message names what is wrong.
        """
        check_parameters(self)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        levels = read_coverages(self.conformal)
        prepared = prepare(self, X, y)
        weight = read_weight(sample_weight, len(prepared.frame))
        settings = ExampleSettings(self.weight, float(self.clip), int(self.max_examples))
        what = (self.estimator, prepared, weight, settings, rng)
        self._conformal = fit_conformal(*what, levels) if levels else None
        self.estimator_ = fit_panel(*what)
        history = prepared.history
        self.history_ = history if self.keep_history else history.forgotten()
        self._recipe = prepared.recipe
        self._single = False
        return self

    save = save_to_file

    def __skmtl_rehearse__(self) -> pd.DataFrame:
        """Predict all known categories with the inner model, which fails if it is invalid."""
        if says_its_tasks(self.estimator_):
            self.estimator_.__skmtl_rehearse__()
        model = self.__skmtl_fitted__()
        rows = model.rehearsal_rows()
        if len(rows):
            ask_everything(model, rows)
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")
