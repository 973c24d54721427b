"""The parameters of RMTGB."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from skmtl.boosting import BLOCKS, TREE_BLOCKS
from skmtl.engines.boosting import (
    ByBlock,
    RMTGBSettings,
    check_blocks,
    check_constraints_of_blocks,
    check_lightgbm_params,
)
from skmtl.models._checks import Check, by_block, integer, n_threads, one_of, real
from skmtl.models.boosting import BoostingEstimator


@dataclass(kw_only=True, eq=False, repr=False)
class RMTGBEstimator(BoostingEstimator):
    r"""An estimator whose engine is robust multi-task gradient boosting.

    Parameters
    ----------
    blocks : "auto" or sequence of str, default="auto"
        The blocks, one after the other: "linear" (a penalised linear function of the features for
        each target of wide data, or for all tasks of long data; the first block if at all, and
        the trees behind it learn what it leaves), "shared" (trees on the rows of all tasks),
        "signature" (the same, but the trees also read numbers that say how the row's task
        differs; long data only), "partition" (trees for outlier and for ordinary tasks, mixed by
        task) and "task" (trees on each task's rows alone). "auto" takes the sequence with the
        smallest validation loss of shared-partition-task, signature-partition-task,
        partition-task, task alone and linear-partition-task, since none wins everywhere; a
        sequence far behind is dropped after the first bag, and those within 2 % of the best after
        two bags take turns in the others and are averaged. Without validation rows "auto" is the
        published shared-partition-task. A single task has the block "shared", perhaps behind
        "linear". No line is tried with `monotone_constraints`, nor where labels times features are
        more than 16 million.
    n_rounds : int, mapping of block to int, or "auto", default="auto"
        Most rounds of each block; one tree per raw score and round (for hazards, at most four for
        each cause), two in a partition, and one for every task in the task block. The block
        "linear" has one round, or none with 0. "auto" is
        2,000, which early stopping rarely reaches, and 100 where no rows are held out.
    learning_rate : float, mapping of block to float, or "auto", default="auto"
        Factor of every tree. "auto" is 0.05, and 0.1 in the task block, whose trees are tiny; 0.1
        for hazards, whose trees take smaller steps.
    num_leaves : int, mapping of block to int, or "auto", default="auto"
        Leaves of a tree. "auto" is 8 (4 for hazards), and 3 in the task block; twice that beyond
        20,000 rows and four times beyond 100,000. On six sets of long data small trees were as
        good as larger ones or better.
    min_data_in_leaf : int, mapping of block to int, or "auto", default="auto"
        Least rows of a leaf. "auto" is 20 as in LightGBM, and 5 in the task block, where a task
        may have a dozen rows; but no more than a tenth of the rows.
    monotone_constraints : mapping of feature to int, or sequence of int, default=None
        1 where predictions of all tasks may only rise with the feature (the raw scores, to be
        precise), -1 where they may only fall, 0 for no constraint. A sequence has an entry per
        feature: per column of X that has no other role, such as `task_column`.
    lightgbm_params : mapping, default=None
        Any other parameters of LightGBM, for all blocks, such as ``{"lambda_l2": 1.0}``. Those
        that would have no effect, such as ``scale_pos_weight``, are refused with what to do
        instead. For hazards ``extra_trees`` is True unless it is set here: splits at random
        thresholds.
    n_bags : int or "auto", default="auto"
        Models that are fitted with other rows held out each, and whose raw scores are averaged.
        "auto" is 5 up to 50,000 rows, 2 up to 200,000 and 1 beyond: with five, every row is
        learnt from, and the error falls by about another percent.
    early_stopping : bool, default=True
        Hold out `validation_fraction` of the rows (others for each bag) to choose the rounds of
        each block and, with ``blocks="auto"``, the blocks. False fits `n_rounds` rounds to all
        rows.
    patience : int or "auto", default="auto"
        Rounds without a better validation loss after which a block ends. "auto" is 30, and 15 for
        hazards. In wide data, the trees of each task alone go on while any target gets better,
        and each target keeps the rounds that suit it.
    unseen : {"shared", "error"}, default="shared"
        What `predict` does for a task that `fit` has not seen: predict it by what all tasks
        share, as an average task (never by the trees of another task), or raise a ValueError.
    n_jobs : int, default=None
        Threads, of LightGBM and over the tasks in the task block. None is 1 (unless a joblib
        context says otherwise), -1 all processors.

    Attributes
    ----------
    outlier_score_ : Series by task
        The share of the outlier trees in each task, in (0, 1): near 1 for a task unlike the
        larger group of tasks. Where the chosen blocks have no partition, or have a signature in
        front of it that leaves nothing to tell tasks apart by, it is that of the best other
        sequence that has one. Tasks are the ids of long data (pairs of target and id for several
        targets), or the targets of wide data.
    theta_ : Series by task
        The logit of `outlier_score_`.
    shared_targets_ : list of list of targets
        The targets that are learnt together. One by itself shares no trees with others.
    blocks_ : dict of target to tuple of str
        The blocks that were taken. In wide data, targets with one raw score share trees, and so
        do times to events; a target with several classes, quantiles or competing causes has a
        model of its own.
    n_rounds_ : DataFrame
        Rounds of each block, by target and bag.
    history_ : DataFrame
        Training and validation loss by target, bag, block and round.
    selection_ : DataFrame
        Every sequence of blocks that was tried, by target, best first: its mean validation loss in
        the bags that compare them (the first two), and how many bags it was fitted to.
    feature_importances_ : ndarray of shape (n_features,)
        Share of each column of X in the total gain of all splits.
    block_importances_ : DataFrame of shape (n_blocks, n_features)
        The same by block.
    task_importances_ : DataFrame of shape (n_tasks, n_features)
        Share of each feature in the gain of each task's own trees; zeros where no
        block of the tasks was chosen.
    last_epoch_ : dict
        What the bag that was fitted last reports, for callbacks: see `skmtl.callbacks`.

    Notes
    -----
    The raw score of task t adds up an intercept, shrunk towards the common one, and blocks of
    trees, each fitted by LightGBM to the gradient and Hessian of what the blocks before it leave
    (perhaps behind a line):

    .. math::

        F_t(x) = b_t + \underbrace{w_t^\top x}_{linear} + \underbrace{s(x)}_{shared}
            + \underbrace{\sigma(\theta_t)\, o(x) + (1 - \sigma(\theta_t))\, u(x)}_{partition}
            + \underbrace{f_t(x)}_{task}

    In the partition, both ensembles get a tree per round, on gradients and Hessians times their
    mixing weight; then each :math:`\theta_t` takes a damped Newton step on the task's mean loss
    with a small penalty. It starts from the axis along which the tasks' residual slopes differ
    most, and the sign is such that the smaller group are the outliers.

    *Differences to the published method:* trees of several leaves with second-order leaf values
    instead of stumps with first-order ones; intercepts by task instead of a start at zero; a
    theta step that does not grow with the size of the task, from a start that is not random;
    rounds, and the sequence of blocks, chosen on held-out rows; the signature block; bags.

    *Lines:* numbers are standardised and cut 20 standard deviations from their mean, a missing one
    is the mean and has a mark, categories of at least 10 rows (the 30 most frequent) are
    indicators. The strength of each target's ridge penalty is the one that does best for rows that
    are left out. The trees start from the scores of such rows, so that a line with many features
    does not hide from them that it overfits.

    *Signatures:* for each task, the step along the constant and the main axes of the shrunken
    Newton steps along the features, from the intercept. A task of few rows has a signature near
    zero.

    *Wide data:* targets with one raw score each (numbers and binary classes, in standard
    deviations and log-odds) share trees, so that a tree that raises one raises all; whether that
    helps is decided by the choice of blocks. Times to several events share trees of their own in
    the same way: the hazards of an event are moved along a few waves over its bins of time
    (`skmtl.tasks.Survival`, unless its `smooth` is False), which mean sooner and later for all of
    them.

    *Missing values and unknown categories* go the way that trees have learnt for them. A tree that
    met none in a column while it grew sends them to the side of each split with more rows. (With
    ``lightgbm_params={"use_missing": False}`` LightGBM reads the number 0.)

    *Categories of few rows:* LightGBM passes over a category with fewer rows than ``cat_smooth``,
    which is 10. Where categories of a few rows each decide, such as 200 shops of five rows, set
    ``lightgbm_params={"cat_smooth": 1, "min_data_per_group": 5}`` and compare by cross-validation:
    where they say little, the rest is predicted worse. Where hundreds of categories of ten rows
    say nothing, as an id does, leave the column out, or try
    ``{"cat_smooth": 15, "min_data_per_group": 150}``.

    *Weights* count as rows, as in LightGBM: those of a task that sum to 1 are one row, so that
    its constant and its signature are shrunk away.

    References
    ----------
    S. Emami, G. Martínez-Muñoz, D. Hernández-Lobato, "Robust-Multi-Task Gradient Boosting", 2025,
    arXiv:2507.11411 (the method).

    G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_rounds": by_block(integer(0), BLOCKS) | one_of("auto"),
        "learning_rate": by_block(real(0, open_low=True), TREE_BLOCKS) | one_of("auto"),
        "num_leaves": by_block(integer(2), TREE_BLOCKS) | one_of("auto"),
        "min_data_in_leaf": by_block(integer(1), TREE_BLOCKS) | one_of("auto"),
        "patience": integer(1) | one_of("auto"),
        "unseen": one_of("shared", "error"),
        "n_jobs": n_threads,
    }

    blocks: Literal["auto"] | Sequence[str] = "auto"
    n_rounds: int | ByBlock | Literal["auto"] = "auto"
    learning_rate: float | ByBlock | Literal["auto"] = "auto"
    num_leaves: int | ByBlock | Literal["auto"] = "auto"
    min_data_in_leaf: int | ByBlock | Literal["auto"] = "auto"
    monotone_constraints: Mapping[Hashable, int] | Sequence[int] | None = None
    lightgbm_params: Mapping[str, Any] | None = None
    patience: int | Literal["auto"] = "auto"
    unseen: Literal["shared", "error"] = "shared"
    n_jobs: int | None = None

    def check_parameters(self) -> None:
        """Raise for parameters that cannot be used, as `fit` does."""
        super().check_parameters()
        check_blocks(self.blocks, is_long=self.task_column is not None)
        check_constraints_of_blocks(self.blocks, self.monotone_constraints)
        check_lightgbm_params(self.lightgbm_params)

    def _boosting_settings(self) -> RMTGBSettings:
        """The parameters of the boosting, apart from the estimator."""
        return RMTGBSettings(
            blocks=self.blocks,
            n_rounds=self.n_rounds,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_data_in_leaf=self.min_data_in_leaf,
            monotone_constraints=self.monotone_constraints,
            lightgbm_params=self.lightgbm_params,
            bags=self.n_bags,
            patience=self.patience,
            n_jobs=self.n_jobs,
        )

    @property
    def _refuses_unseen(self) -> bool:
        return self.unseen == "error"
