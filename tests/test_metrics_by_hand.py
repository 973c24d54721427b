"""Every metric of targets with classes against loops, whatever the names and order of classes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, get_scorer_names, log_loss, make_scorer

from skmtl import RMTGB
from skmtl.metrics import make_multitask_scorer, score_tasks
from skmtl.tasks import Ordinal

# From the first class to the last, as the columns of the probabilities are.
NAMES = {
    2: [[0, 1], [1, 2], [5, 2], [-1, 1], [False, True], ["no", "yes"], ["yes", "no"], [0.0, 1.0]],
    3: [[0, 1, 2], ["a", "b", "c"], ["low", "mid", "high"], ["c", "a", "b"], [3, 1, 2]],
}
N = 40


def drawn(n_classes):
    """Positions of the true classes, probabilities of each class, and weights, of N rows."""
    rng = np.random.default_rng(n_classes)
    probabilities = rng.dirichlet(np.ones(n_classes), N)
    truth = [int(rng.choice(n_classes, p=row)) for row in probabilities]
    return truth, probabilities, rng.uniform(0.5, 2.0, N)


def is_above(score, other):
    return 1.0 if score > other else 0.5 if score == other else 0.0


def auc(positives, negatives):
    """From pairs (score, weight)."""
    pairs = [(w * v, is_above(s, o)) for (s, w), (o, v) in itertools.product(positives, negatives)]
    return sum(w * above for w, above in pairs) / sum(w for w, _ in pairs)


def of_classes(function, truth, weight, n_classes, average="macro"):
    """The mean over classes of a number for each of them; of two classes that of the last."""
    if n_classes == 2:
        return function(1)
    shares = [sum(w for t, w in zip(truth, weight, strict=True) if t == k) for k in range(3)]
    if average == "macro":
        shares = [1.0] * n_classes
    return sum(s * function(k) for k, s in enumerate(shares)) / sum(shares)


def one_against_rest(truth, p, weight, k):
    rows = list(zip(truth, p[:, k], weight, strict=True))
    return auc([(s, w) for t, s, w in rows if t == k], [(s, w) for t, s, w in rows if t != k])


def one_against_one(truth, p, weight, n_classes, average="macro"):
    total = norm = 0.0
    for a, b in itertools.combinations(range(n_classes), 2):
        both = []
        for k, other in ((a, b), (b, a)):
            yes = [(s, 1.0) for t, s in zip(truth, p[:, k], strict=True) if t == k]
            no = [(s, 1.0) for t, s in zip(truth, p[:, k], strict=True) if t == other]
            both.append(auc(yes, no))
        share = 1.0 if average == "macro" else sum(t in (a, b) for t in truth)
        total, norm = total + share * sum(both) / 2, norm + share
    return total / norm


def average_precision(truth, p, weight, k):
    rows = sorted(zip(p[:, k], truth, weight, strict=True), reverse=True)
    area = hits = seen = 0.0
    for _, t, w in rows:
        seen += w
        if t == k:
            hits += w
            area += w * hits / seen
    return area / hits


def mean_log_loss(truth, p, weight):
    losses = [-w * math.log(row[t]) for t, row, w in zip(truth, p, weight, strict=True)]
    return sum(losses) / sum(weight)


def mean_brier(truth, p, weight):
    total = 0.0
    for t, row, w in zip(truth, p, weight, strict=True):
        total += w * sum((q - (k == t)) ** 2 for k, q in enumerate(row))
    return total / sum(weight) / (2 if p.shape[1] == 2 else 1)


def of_shares(loss, truth, p, weight):
    """The loss where every row is given the shares of the classes."""
    shares = [
        sum(w for t, w in zip(truth, weight, strict=True) if t == k) / sum(weight)
        for k in range(p.shape[1])
    ]
    return loss(truth, np.tile(shares, (len(truth), 1)), weight)


def top_two(truth, p, weight):
    hits = [w * (t in sorted(range(len(row)), key=row.__getitem__)[-2:])
            for t, row, w in zip(truth, p, weight, strict=True)]  # fmt: skip
    return sum(hits) / sum(weight)


BY_HAND = {
    "neg_log_loss": lambda t, p, w: -mean_log_loss(t, p, w),
    "neg_brier_score": lambda t, p, w: -mean_brier(t, p, w),
    "d2_log_loss_score": lambda t, p, w: (
        1 - mean_log_loss(t, p, w) / of_shares(mean_log_loss, t, p, w)
    ),
    "d2_brier_score": lambda t, p, w: 1 - mean_brier(t, p, w) / of_shares(mean_brier, t, p, w),
    "roc_auc_ovr": lambda t, p, w: of_classes(
        lambda k: one_against_rest(t, p, w, k), t, w, p.shape[1]
    ),
    "roc_auc_ovr_weighted": lambda t, p, w: of_classes(
        lambda k: one_against_rest(t, p, w, k), t, w, p.shape[1], "weighted"
    ),
    "roc_auc_ovo": lambda t, p, w: one_against_one(t, p, w, p.shape[1]),
    "roc_auc_ovo_weighted": lambda t, p, w: one_against_one(t, p, w, p.shape[1], "weighted"),
    "average_precision": lambda t, p, w: of_classes(
        lambda k: average_precision(t, p, w, k), t, w, p.shape[1]
    ),
    "top_k_accuracy": top_two,
}


def counts(truth, guess, weight, k):
    """Weights of what is rightly, wrongly and not called class k."""
    rows = list(zip(truth, guess, weight, strict=True))
    return (
        sum(w for t, g, w in rows if t == g == k),
        sum(w for t, g, w in rows if g == k != t),
        sum(w for t, g, w in rows if t == k != g),
    )


def weighted_kappa(truth, guess, weight):
    n_classes, total = max(*truth, *guess) + 1, sum(weight)
    true, said = np.zeros(n_classes), np.zeros(n_classes)
    seen = 0.0
    for t, g, w in zip(truth, guess, weight, strict=True):
        seen += w * (t - g) ** 2
        true[t] += w
        said[g] += w
    pairs = itertools.product(range(n_classes), repeat=2)
    return 1 - seen / sum(true[a] * said[b] / total * (a - b) ** 2 for a, b in pairs)


def by_class(function, average="macro"):
    def metric(truth, guess, weight):
        n_classes = max(truth) + 1
        return of_classes(
            lambda k: function(*counts(truth, guess, weight, k)), truth, weight, n_classes, average
        )

    return metric


def balanced_accuracy(truth, guess, weight):
    hits = [counts(truth, guess, weight, k) for k in range(max(truth) + 1)]
    return sum(right / (right + missed) for right, _, missed in hits) / len(hits)


BY_HAND_OF_GUESSES = {
    "accuracy": lambda t, g, w: sum(v for a, b, v in zip(t, g, w, strict=True) if a == b) / sum(w),
    "balanced_accuracy": balanced_accuracy,
    "quadratic_weighted_kappa": weighted_kappa,
    "f1": by_class(lambda right, wrong, missed: 2 * right / (2 * right + wrong + missed)),
    "precision": by_class(lambda right, wrong, missed: right / (right + wrong)),
    "recall": by_class(lambda right, wrong, missed: right / (right + missed)),
    "jaccard": by_class(lambda right, wrong, missed: right / (right + wrong + missed)),
}


def named(positions, names):
    return pd.DataFrame({"risk": pd.Series([names[i] for i in positions])})


@pytest.mark.filterwarnings("ignore:'k':sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("names", [*NAMES[2], *NAMES[3]], ids=str)
@pytest.mark.parametrize("metric", BY_HAND)
def test_metrics_of_probabilities_are_those_of_a_loop(metric, names):
    truth, p, weight = drawn(len(names))
    weight = np.ones(N) if "ovo" in metric else weight
    got = score_tasks(
        named(truth, names),
        {"risk": p},
        metric=metric,
        kinds="ordinal",
        classes={"risk": np.array(names)},
        sample_weight=None if "ovo" in metric else weight,
    )
    assert got["risk"] == pytest.approx(BY_HAND[metric](truth, p, weight), abs=1e-9)


@pytest.mark.parametrize("names", [*NAMES[2], *NAMES[3]], ids=str)
@pytest.mark.parametrize("metric", BY_HAND_OF_GUESSES)
def test_metrics_of_guesses_are_those_of_a_loop(metric, names):
    if len(names) == 3 and metric in ("f1", "precision", "recall", "jaccard"):
        metric += "_macro"
    truth, p, weight = drawn(len(names))
    guess = p.argmax(axis=1).tolist()
    got = score_tasks(
        named(truth, names),
        named(guess, names),
        metric=metric,
        kinds="ordinal",
        classes={"risk": np.array(names)},
        sample_weight=weight,
    )
    expected = BY_HAND_OF_GUESSES[metric.removesuffix("_macro")](truth, guess, weight)
    assert got["risk"] == pytest.approx(expected, abs=1e-9)


# To these the names of classes are numbers.
NUMBERS = {"r2", "explained_variance", "d2_absolute_error_score", "neg_max_error"} | {
    name for name in get_scorer_names() if name.startswith(("neg_mean_", "neg_median", "neg_root"))
}


def score_or_none(names, answers, metric):
    """The score of a metric of scikit-learn; None where it does not suit classes."""
    truth, _, _ = drawn(len(names))
    try:
        return score_tasks(
            named(truth, names),
            {"risk": answers},
            metric=metric,
            kinds="multiclass",
            classes={"risk": np.array(names)},
        )["risk"]
    except ValueError:
        return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_metric_of_classes_depends_on_their_names(n_classes):
    _, p, _ = drawn(n_classes)
    n_tried = 0
    for metric in set(get_scorer_names()) - NUMBERS:
        for answers in (lambda names: p, lambda names: np.array(names)[p.argmax(axis=1)]):
            expected = score_or_none(["a", "b", "c"][:n_classes], answers(["a", "b", "c"]), metric)
            if expected is None:
                continue
            n_tried += 1
            for names in NAMES[n_classes][2:4]:
                got = score_or_none(names, answers(names), metric)
                assert got == pytest.approx(expected, nan_ok=True), (metric, names)
    assert n_tried >= 20


@pytest.mark.parametrize("names", [["low", "mid", "high"], [3, 1, 2]], ids=str)
def test_scorers_of_the_user_see_columns_in_sorted_order(names):
    truth, p, _ = drawn(3)
    scorer = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False)

    def by_class(estimator, X, y):
        columns = list(estimator.classes_)
        answer = estimator.predict_proba(X)
        return np.mean([answer[i, columns.index(label)] for i, label in enumerate(y)])

    ask = {"kinds": "ordinal", "classes": {"risk": names}}
    got = score_tasks(named(truth, names), {"risk": p}, metric=scorer, **ask)
    assert got["risk"] == pytest.approx(-mean_log_loss(truth, p, np.ones(N)))
    got = score_tasks(named(truth, names), {"risk": p}, metric=by_class, **ask)
    assert got["risk"] == pytest.approx(np.mean(p[np.arange(N), truth]))


def test_truth_values_are_the_classes_0_and_1():
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])
    for dtype, classes in itertools.product(
        [int, float, bool, "Int64", "boolean", object],
        [np.array([0, 1]), np.array([0.0, 1.0]), np.array([False, True])],
    ):
        labels = pd.DataFrame({"risk": pd.Series([0, 1, 0, 0]).astype(dtype)})
        ask = {"kinds": "binary", "classes": {"risk": classes}}
        assert score_tasks(labels, {"risk": p}, metric="roc_auc", **ask)["risk"] == pytest.approx(
            2 / 3
        )
        guess = {"risk": classes[p.argmax(axis=1)]}
        assert score_tasks(labels, guess, metric="precision", **ask)["risk"] == 0.5


def test_a_guess_that_is_no_class_is_an_error_where_the_order_counts():
    labels = pd.DataFrame({"risk": ["low", "mid", "high", "mid"]})
    guesses = pd.DataFrame({"risk": ["low", "huge", "high", "mid"]})
    ask = {"kinds": "ordinal", "classes": {"risk": ["low", "mid", "high"]}}
    with pytest.raises(ValueError, match=r"task 'risk'.*'huge' is not among the classes"):
        score_tasks(labels, guesses, metric="quadratic_weighted_kappa", **ask)
    assert score_tasks(labels, guesses, metric="accuracy", **ask)["risk"] == 0.75


@pytest.mark.parametrize("kind", ["multiclass", Ordinal(["low", "mid", "high"])], ids=str)
def test_scores_of_a_fitted_model_are_those_of_a_loop(kind):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(size=60)})
    y = pd.DataFrame(
        {"risk": np.array(["low", "mid", "high"])[np.digitize(X["age"], [-0.5, 0.5])]}
    )
    model = RMTGB(tasks={"risk": kind}, n_rounds=5, n_bags=1, random_state=0).fit(X, y)
    classes = list(model.classes_[0])
    p = model.predict_proba(X)[0]
    truth = [classes.index(label) for label in y["risk"]]
    score = make_multitask_scorer("neg_log_loss")(model, X, y)
    assert score == pytest.approx(-mean_log_loss(truth, p, np.ones(len(y))))
    kappa = make_multitask_scorer("quadratic_weighted_kappa")(model, X, y)
    guess = [classes.index(label) for label in model.predict(X)["risk"]]
    assert kappa == pytest.approx(cohen_kappa_score(truth, guess, weights="quadratic"))


def test_classes_that_are_numbers_have_the_metrics_of_numbers():
    labels = pd.DataFrame({"clicked": [0.0, 1.0, np.nan, 1.0]})
    shares = pd.DataFrame({"clicked": [0.25, 0.5, 0.5, 1.0]})
    got = score_tasks(labels, shares, metric="neg_mean_absolute_error")
    assert got["clicked"] == pytest.approx(-0.25)
    assert score_tasks(labels, shares, kinds="regression")["clicked"] == pytest.approx(
        1 - 0.3125 / (2 / 3)
    )
    with pytest.raises(ValueError, match=r"'clicked' are classes .*kinds="):
        score_tasks(labels, shares)
