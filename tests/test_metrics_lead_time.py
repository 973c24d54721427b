"""Scores of warnings, by the published formula and by counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.metrics import alarms_per_day, early_warning_utility


def published(labels, alarms):
    """Utility of one stay by the code of the challenge, step by step."""
    u, septic = 0.0, bool(np.any(labels))
    t_sepsis = np.argmax(labels) + 6 if septic else np.inf
    for t, alarm in enumerate(alarms):
        ahead = t - t_sepsis
        if ahead > 3:
            continue
        if septic and alarm:
            u += max(ahead / 6 + 2, -0.05) if ahead <= -6 else -ahead / 9 + 3 / 9
        elif septic:
            u += 0 if ahead <= -6 else -2 / 9 * ahead - 12 / 9
        elif alarm:
            u += -0.05
    return u


def stays(rng, n=30):
    parts = []
    for entity in range(n):
        length = int(rng.integers(8, 60))
        labels = np.zeros(length, int)
        if entity % 3 == 0:
            labels[int(rng.integers(0, length)) :] = 1
        onset = np.argmax(labels) + 6.0 if labels.any() else np.nan
        parts.append(
            pd.DataFrame(
                {"entity": entity, "time": np.arange(length), "onset": onset, "label": labels}
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_the_utility_is_that_of_the_challenge():
    rng = np.random.default_rng(0)
    rows = stays(rng)
    alarm = rng.random(len(rows)) < 0.3
    observed = best = silent = 0.0
    for _, own in rows.groupby("entity"):
        labels, n = own["label"].to_numpy(), len(own)
        ideal = np.zeros(n, int)
        if labels.any():
            t_sepsis = np.argmax(labels) + 6
            ideal[max(0, t_sepsis - 12) : min(t_sepsis + 4, n)] = 1
        observed += published(labels, alarm[own.index])
        best += published(labels, ideal)
        silent += published(labels, np.zeros(n, int))
    found = early_warning_utility(rows["onset"], alarm, time=rows["time"], entity=rows["entity"])
    assert found == pytest.approx((observed - silent) / (best - silent), rel=1e-12)


def test_silence_is_worth_nothing_and_false_alarms_less():
    rows = {"onset": [20.0] * 3 + [None] * 2, "time": [2, 14, 22, 0, 1], "entity": list("aaabb")}
    assert early_warning_utility(alarm=[0] * 5, **rows) == 0
    assert early_warning_utility(alarm=[0, 1, 1, 0, 0], **rows) == 1
    assert early_warning_utility(alarm=[1, 0, 0, 0, 0], **rows) < 0
    assert np.isnan(early_warning_utility([None], [1], time=[0], entity=[0]))


def test_an_event_that_never_comes_may_be_infinite():
    rows = {"time": [2, 14, 0, 1], "entity": list("aabb")}
    never = early_warning_utility([20.0] * 2 + [None] * 2, [0, 1, 1, 0], **rows)
    assert early_warning_utility([20.0] * 2 + [np.inf] * 2, [0, 1, 1, 0], **rows) == never


def test_alarms_are_counted_by_day():
    rows = pd.DataFrame({"entity": np.repeat([0, 1, 2], 24), "time": np.tile(np.arange(24), 3)})
    rows["onset"] = rows["entity"].map({0: 20.0, 1: 18.0, 2: np.nan})
    rows["score"] = 0.0
    for entity, time, score in [(0, 12, 0.9), (0, 2, 0.8), (1, 17, 0.5), (2, 5, 0.6)]:
        rows.loc[(rows["entity"] == entity) & (rows["time"] == time), "score"] = score
    data = dict(time=rows["time"], entity=rows["entity"])
    half = alarms_per_day(rows["onset"], rows["score"], sensitivity=0.5, **data)
    assert half.threshold == 0.9 and half.sensitivity == 0.5 and half.lead_time == 8
    assert half.alarms_per_day == pytest.approx(1 / (62 / 24))  # 20, 18 and 24 hours before
    all_warned = alarms_per_day(rows["onset"], rows["score"], sensitivity=1, **data)
    assert all_warned.threshold == 0.5 and all_warned.lead_time == 4.5
    assert all_warned.false_alarms_per_day == pytest.approx(2 / (62 / 24))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"onset": [1.0, 2.0]}, "'a' has several onsets"),
        ({"time": [0.0, np.nan]}, "missing"),
        ({"entity": ["a"]}, "different lengths"),
        ({"alarm": [0.5, 1]}, "true or false"),
        ({"alarm": pd.array([True, None], "boolean")}, "true or false"),
        ({"onset": pd.to_datetime(["2024-01-02"] * 2)}, "onset must hold numbers"),
        ({"time": pd.to_timedelta([1, 2], "h")}, "time must hold numbers"),
        ({"early": 3, "optimal": 6}, "early=3 must be more than optimal=6"),
        ({"late": -7}, "late=-7 positive"),
    ],
)
def test_what_does_not_fit_is_refused(change, match):
    data = {"onset": [5.0, 5.0], "alarm": [0, 1], "time": [0.0, 1.0], "entity": ["a", "a"]}
    with pytest.raises(ValueError, match=match):
        early_warning_utility(**(data | change))


def test_alarms_need_scores_and_somebody_to_warn():
    data = {"time": [0.0, 1.0], "entity": ["a", "a"]}
    for onset, score, options, match in [
        ([None, None], [0.1, 0.2], {}, "No entity has a row within"),
        ([5.0, 5.0], [0.1, np.nan], {}, "2 numbers"),
        ([5.0, 5.0], [0.1, 0.2], {"sensitivity": 0}, "sensitivity"),
        ([5.0, 5.0], [0.1, 0.2], {"day": 0}, "within and day must be positive"),
    ]:
        with pytest.raises(ValueError, match=match):
            alarms_per_day(onset, score, **data, **options)
