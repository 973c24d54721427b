"""Labels of times to events that may have another meaning than their format suggests."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmtl import RMTGB, RMTGBSurvival
from skmtl.survival import (
    aalen_johansen,
    brier_score,
    concordance,
    concordance_incidence,
    cumulative_dynamic_auc,
    kaplan_meier,
    survival_scorer,
)
from skmtl.tasks import CompetingRisks, EventTimes, Survival, event_times

MONTHS = np.tile(np.arange(1, 13), 4)
DIED = np.arange(48) % 3 == 0
STATUS = DIED + 1
RISK = np.linspace(0, 1, 48)
X = pd.DataFrame({"x": RISK})


def records(*columns):
    return np.rec.fromarrays(
        [values for _, values in columns], names=[name for name, _ in columns]
    )


def boosting():
    return RMTGBSurvival(n_bags=1, n_rounds=2, blocks=("shared",), cuts=3, random_state=0)


SWAPPED = {
    "booleans": records(("Month", MONTHS), ("Death", DIED)),
    "numbers": records(("Month", MONTHS), ("Death", DIED.astype(int))),
    "fractions": records(("Month", MONTHS + 0.5), ("Death", DIED)),
    "entries": records(("Month", MONTHS), ("Death", DIED.astype(float)), ("Entry", 0.0 * MONTHS)),
    "frame": pd.DataFrame({"event": MONTHS, "time": DIED}),
    "nullable": pd.DataFrame({"event": MONTHS, "time": pd.array(DIED, dtype="boolean")}),
}


@pytest.mark.parametrize("y", SWAPPED.values(), ids=SWAPPED)
@pytest.mark.parametrize(
    "read",
    [
        event_times,
        kaplan_meier,
        lambda y: concordance(y, RISK),
        lambda y: brier_score(y, np.ones((48, 1)), [0.5]),
        lambda y: boosting().fit(X, y),
    ],
    ids=["event_times", "kaplan_meier", "concordance", "brier_score", "fit"],
)
def test_swapped_columns_are_refused(y, read):
    with pytest.raises(
        ValueError, match=r"holds only .*they seem to be swapped\. The event comes"
    ):
        read(y)


def test_swapped_columns_are_refused_wherever_they_are_named():
    y = pd.DataFrame({"days": MONTHS, "died": DIED.astype(int)})
    model = RMTGBSurvival(events={"death": ("days", "died")})
    with pytest.raises(ValueError, match=r"Task 'death' takes the column 'days' for the event"):
        model.fit(X, y)
    for kind in (Survival, CompetingRisks):
        with pytest.raises(ValueError, match="seem to be swapped"):
            RMTGB(tasks={"death": kind(event="days", time="died")}).fit(X, y)
    fitted = boosting().fit(X, records(("Death", DIED), ("Month", MONTHS)))
    for score in (fitted.score, survival_scorer().__call__):
        arguments = (fitted,) if score != fitted.score else ()
        with pytest.raises(ValueError, match="seem to be swapped"):
            score(*arguments, X, SWAPPED["booleans"])


def test_what_is_in_order_is_read():
    for y in (
        records(("Death", DIED), ("Month", MONTHS)),
        {"event": DIED, "duration": DIED},  # booleans are no times
        {"event": [1, 0], "duration": [0, 1]},
        {"event": [0, 1, 2], "duration": [1, 1, 1]},
    ):
        if isinstance(y, dict) and np.asarray(y["duration"]).dtype == bool:
            with pytest.raises(ValueError, match="holds only False and True"):
                event_times(y)
        else:
            assert (event_times(y).time >= 0).all()


STATUS_LABELS = {
    "records": records(("status", STATUS), ("time", MONTHS)),
    "frame": pd.DataFrame({"event": STATUS, "duration": MONTHS}),
    "floats": {"event": STATUS.astype(float), "time": MONTHS},
    "missing": pd.DataFrame({"event": STATUS, "duration": MONTHS})[: 48 - 9].reindex(range(48)),
}


@pytest.mark.parametrize("y", STATUS_LABELS.values(), ids=STATUS_LABELS)
def test_a_status_of_1_and_2_is_warned_of(y):
    words = r"events 1 \(\d+ rows\) and 2 \(\d+ rows\) in the column '(event|status)', and none"
    for read in (
        event_times,
        kaplan_meier,
        lambda y: concordance(y, RISK),
        lambda y: cumulative_dynamic_auc(y, RISK, [3.0]),
        lambda y: boosting().fit(X, y),
    ):
        with pytest.warns(UserWarning, match=words):
            read(y)
    fitted = boosting().fit(X, {"event": DIED, "duration": MONTHS})
    with (
        pytest.warns(UserWarning, match=r"pass the event as (event|status) == 2"),
        pytest.raises(ValueError, match="event 2, which was not seen in fit"),
    ):
        fitted.score(X, y)


def test_what_the_status_means_when_it_is_said():
    y = STATUS_LABELS["frame"]
    meant = {"event": y["event"] == 2, "duration": y["duration"]}
    assert kaplan_meier(meant)(1.0) == pytest.approx(1 - 4 / 48 * DIED[MONTHS == 1].mean())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        kaplan_meier(meant)
        kaplan_meier(EventTimes(y["event"], y["duration"]))
        aalen_johansen(y)
        concordance(y, RISK, cause=1)
        concordance_incidence(y, RISK, 1)
        few = {"event": [1, 2, 1], "duration": [1, 2, 3]}
        kaplan_meier(few)
        causes = boosting().fit(X, y.assign(event=y["event"].where(MONTHS < 12, 0)))
        causes.score(X, y)
        survival_scorer()(causes, X, y)
        Y = pd.DataFrame({"exit_event": STATUS, "exit_time": MONTHS})
        RMTGB(tasks={"exit": "competing_risks"}, n_bags=1, n_rounds=2).fit(X, Y)
    with pytest.raises(ValueError, match="1 for censored and 2 for the event, pass status == 2"):
        RMTGB(tasks={"exit": "survival"}).fit(X, Y)


def test_many_causes_are_warned_of():
    y = {"event": np.arange(48), "duration": MONTHS}
    with pytest.warns(UserWarning, match=r"has 47 events in the column 'event', such as"):
        kaplan_meier(y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        event_times(y, causes=True)
        event_times({"event": np.arange(48) % 13, "duration": MONTHS})
