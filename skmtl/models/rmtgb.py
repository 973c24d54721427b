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
        The sequence of blocks: "linear" (a penalised linear function of the features for each
        target of wide data, or for all tasks of long data; it must come first, and the following
        trees are fitted to its residuals), "shared" (trees on the rows of all tasks), "signature"
        (the same, with additional features that describe how the row's task differs; long data
        only), "partition" (trees for outlier tasks and for ordinary tasks, mixed by task) and
        "task" (separate trees on the rows of each task). "auto" uses the sequence with the
        smallest validation loss among shared-partition-task, signature-partition-task,
        partition-task, only task, and linear-partition-task, because none is best on all tables; a
        sequence that is far behind is dropped after the first bag, and those within 2 % of the
        best after two bags take turns in the other bags and are averaged. Without held-out rows
        "auto" is the published shared-partition-task. With a single task the block is "shared",
        possibly after "linear". "linear" is not tried with `monotone_constraints`, or if the
        number of labels times the number of features exceeds 16 million. If more than 50 targets
        of wide data share trees, sequences are compared on 25 of them, and only the best ones are
        fitted to all targets, one for each bag; "linear" is then limited by the number of rows
        times features, 16 million, and of labels times squares of the features, 4.3 billion.
    n_rounds : int, mapping of block to int, or "auto", default="auto"
        Maximum number of rounds of each block. A round has one tree per raw score (for hazards, at
        most four for each cause), two in a partition, and one for every task in the task block.
        The block "linear" has one round, or none with 0. "auto" is 2,000, which early stopping
        rarely reaches, and 100 if no rows are held out.
    learning_rate : float, mapping of block to float, or "auto", default="auto"
        Shrinkage factor of every tree. "auto" is 0.05, 0.1 in the task block, whose trees are
        tiny, and 0.1 for hazards, whose trees take smaller steps. With more than 50 targets and
        held-out rows it is twice that, except for hazards, which halves the time.
    num_leaves : int, mapping of block to int, or "auto", default="auto"
        Maximum number of leaves of a tree. "auto" is 8 (4 for hazards), and 3 in the task block;
        twice that beyond 20,000 rows and four times that beyond 100,000. On six long tables small
        trees were as good as larger ones or better.
    min_data_in_leaf : int, mapping of block to int, or "auto", default="auto"
        Minimum number of rows in a leaf. "auto" is 20 as in LightGBM, and 5 in the task block,
        where a task may have a dozen rows, or 10 for absolute losses and quantiles, where a leaf
        must not consist of outliers; at most a tenth of the rows.
    monotone_constraints : mapping of feature to int, or sequence of int, default=None
        1 if the predictions of all tasks (to be precise, the raw scores) must not decrease with
        the feature, -1 if they must not increase, 0 for no constraint. A sequence has an entry for
        each feature, that is, for each column of X without another role such as `task_column`.
    lightgbm_params : mapping, default=None
        Any other parameters of LightGBM, for all blocks, such as ``{"lambda_l2": 1.0}``.
        Parameters that would have no effect, such as ``scale_pos_weight``, raise an error that
        suggests an alternative. Unless they are set here, ``extra_trees`` (splits at random
        thresholds) is True for hazards, and ``max_bin`` is 63 with more than 50 targets and
        held-out rows.
    n_bags : int or "auto", default="auto"
        Number of models that are fitted with different held-out rows, and whose raw scores are
        averaged. "auto" is 5 up to 50,000 rows, 2 up to 200,000 and 1 beyond: with five, every row
        is used for training, and the error is about another percent lower. With more than 50
        targets, a tenth of the rows times targets counts as rows, if this is more.
    early_stopping : bool, default=True
        Whether to hold out `validation_fraction` of the rows (different ones for each bag) to
        choose the rounds of each block and, with ``blocks="auto"``, the blocks. If False,
        `n_rounds` rounds are fitted to all rows.
    patience : int or "auto", default="auto"
        Number of rounds without a better validation loss after which a block ends. "auto" is 30,
        and 15 for hazards. In wide data, the task block continues while any target gets better,
        and each target keeps its best number of rounds.
    unseen : {"shared", "error"}, default="shared"
        How `predict` handles a task that was not seen in `fit`: "shared" predicts it like an
        average task, from what all tasks share (never with the trees of another task), "error"
        raises a ValueError.
    n_jobs : int, default=None
        Number of threads, of LightGBM and over the tasks in the task block. None means 1 (unless
        in a joblib context), -1 all processors.

    Attributes
    ----------
    outlier_score_ : Series by task
        Share of the outlier trees in each task, in (0, 1): near 1 for a task that differs from the
        larger group of tasks. If the chosen blocks have no partition, or a signature before it
        that already separates the tasks, the scores are those of the best other sequence with a
        partition. Tasks are the ids of long data (pairs of target and id for several targets), or
        the targets of wide data.
    theta_ : Series by task
        The logit of `outlier_score_`.
    shared_targets_ : list of list of targets
        The targets that are learnt together. A target in its own list does not share trees with
        others.
    blocks_ : dict of target to tuple of str
        The chosen blocks. In wide data, targets with one raw score share trees, and so do times to
        events; a target with several classes, quantiles or competing causes has its own model.
    n_rounds_ : DataFrame
        Rounds of each block, by target and bag.
    history_ : DataFrame
        Training and validation loss by target, bag, block and round.
    selection_ : DataFrame
        All sequences of blocks that were tried, by target, best first: the mean validation loss in
        the bags used for the comparison (the first two), and the number of bags that were fitted.
        With more than 50 targets the loss is that of 25 of them, and the number of bags is 0 for
        sequences that were not fitted to all targets.
    feature_importances_ : ndarray of shape (n_features,)
        Share of each column of X in the total gain of all splits.
    feature_importances_by_task_ : DataFrame of shape (n_tasks, n_features)
        Share of each feature in the gain of all splits that a task uses: of its own trees, and of
        its part in those that it shares with others. The gain of the partition's trees is divided
        by the tasks' shares in them, that of lines by the squares of their coefficients, and that
        of shared trees equally. In long data by id.
    block_importances_ : DataFrame of shape (n_blocks, n_features)
        The same by block.
    task_importances_ : DataFrame of shape (n_tasks, n_features)
        Share of each feature in the gain of each task's own trees; zeros if the task block was not
        chosen.
    last_epoch_ : dict
        The report of the last fitted bag, for callbacks: see `skmtl.callbacks`.

    Notes
    -----
    The raw score of task t is the sum of an intercept, shrunk towards the common one, and of
    blocks of trees, possibly after a linear block. Each block is fitted by LightGBM to the
    gradient and the Hessian at the scores of the previous blocks:

    .. math::

        F_t(x) = b_t + \underbrace{w_t^\top x}_{linear} + \underbrace{s(x)}_{shared}
            + \underbrace{\sigma(\theta_t)\, o(x) + (1 - \sigma(\theta_t))\, u(x)}_{partition}
            + \underbrace{f_t(x)}_{task}

    In the partition, each round adds a tree to both ensembles, fitted to gradients and Hessians
    times their mixing weight; then each :math:`\theta_t` takes a damped Newton step on the task's
    mean loss with a small penalty. It starts on the axis along which the tasks' residual slopes
    differ most, with the sign chosen such that the smaller group are the outliers.

    *Differences from the published method:* trees with several leaves with second-order leaf
    values instead of stumps with first-order ones; intercepts by task instead of a start at zero;
    a theta step that does not grow with the size of the task, from a start that is not random;
    rounds, and the sequence of blocks, chosen on held-out rows; the signature block; bags.

    *The linear block:* numbers are standardised and clipped at 20 standard deviations from their
    mean; missing values are imputed by the mean, with an indicator; categories with at least 10
    rows (the 30 most frequent) are encoded as indicators. The strength of the ridge penalty of
    each target is the best by leave-one-out errors. The trees start from leave-one-out scores, so
    that they see how much a linear model with many features overfits.

    *Signatures:* for each task, the step along the constant, and the coordinates of the shrunk
    Newton steps along the features on their main axes. A task with few rows has a signature near
    zero.

    *Wide data:* targets with one raw score (numbers in standard deviations, binary classes in
    log-odds) share trees, so that a tree that raises the score of one target raises all of them;
    the choice of blocks decides whether this helps. Times to several events share other trees in
    the same way: the hazards of an event change along a few waves over its bins of time
    (`skmtl.tasks.Survival`, unless its `smooth` is False), which have the same meaning, sooner or
    later, for all events.

    *Missing values and unknown categories* follow the direction that the trees have learnt for
    them. If a column had none when a tree was grown, they go to the side of each split with more
    rows. (With ``lightgbm_params={"use_missing": False}`` LightGBM treats them as the number 0.)

    *Rare categories:* LightGBM ignores categories with fewer rows than ``cat_smooth``, which is
    10. If a tenth of the labels of a column or more have such categories, as 200 shops with five
    rows each, the first bag is also fitted with ``{"cat_smooth": 1, "min_data_per_group": 5}``
    (only a shared or a task block, unless `blocks` are given), and all bags use these values if
    they lower the loss of the held-out rows. Without held-out rows, on several workers, or if
    `lightgbm_params` has one of the two, nothing is tried. If a column has hundreds of categories
    of about ten rows that say nothing, such as an id, leave it out, or try
    ``{"cat_smooth": 15, "min_data_per_group": 150}``.

    *Weights* count as rows, as in LightGBM: a task whose weights sum to 1 counts as one row, so
    that its intercept and its signature are strongly shrunk.

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
        """Raise an error for invalid parameters, as `fit` does."""
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
