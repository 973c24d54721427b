"""scikit-learn's own checks, in the configurations that differ most."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl import MultiTab, MultiTabClassifier, MultiTabRegressor

# As small as a network can be and still learn what the checks ask of it.
SMALL = {
    "n_bags": 1,
    "max_epochs": 8,
    "row_size": 16,
    "n_members": 2,
    "embedding_size": 4,
    "n_heads": 2,
    "tower_size": 8,
    "feedforward_size": 8,
    "batch_size": 64,
    "learning_rate": 0.05,
    "random_state": 0,
    "device": "cpu",
}
CONFIGURATIONS = [
    {},
    # What the paper describes.
    {
        "feature_attention": True,
        "mask": "none",
        "numeric_embedding": "linear",
        "row_mixing": "linear",
        "early_stopping": False,
        "schedule": "cosine",
    },
    {
        "n_bags": 2,
        "batch_size": 32,
        "sample_context": "memory",
        "context_size": 8,
        "task_token": "single",
        "numeric_embedding": "periodic",
        "row_mixing": "mlp",
    },
]
MINI_BATCHES = (
    "a row of weight 2 is in one mini-batch, a row given twice may be in two: the steps differ"
)


def expected_failed_checks(estimator):
    return {"check_sample_weight_equivalence_on_dense_data": MINI_BATCHES}


@parametrize_with_checks(
    [
        estimator(**SMALL | configuration)
        for estimator in (MultiTab, MultiTabRegressor, MultiTabClassifier)
        for configuration in CONFIGURATIONS
    ],
    expected_failed_checks=expected_failed_checks,
    xfail_strict=True,
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)
