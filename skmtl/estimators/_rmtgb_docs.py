"""What the docstrings of the RMTGB classes have in common; see `_multitab_docs`."""

from __future__ import annotations

from skmtl.estimators._docs import with_sections

_PARAMETERS_AND_ATTRIBUTES = """\
Parameters
----------
tasks : str, Kind, or mapping of target to str or Kind, default=None
    What the targets are: "regression", "quantile", "count", "binary", "multiclass", "ordinal",
    "survival" or "competing_risks", or an instance from `skmtl.tasks` with its own settings, such
    as ``Quantile((0.05, 0.95))`` or ``Survival(event="died", time="days")``. One for all targets,
    or a mapping by column name of y (0, 1, ... for an array). Targets that a mapping leaves out,
    and all with None, are judged by their dtype.
task : label or int, default=None
    For long data, where every row belongs to one task: the column of X that names the row's
    task, by name or position. It is taken out of the features. None means wide data, one column
    of y per task.
task_weight : mapping or Series of target to float, or sequence of n_targets floats, default=None
    Weight of each column of y in what the tasks share, and in the choice of rounds and blocks;
    only the ratios matter. A mapping gives 1 to the targets it leaves out. None weighs all alike.
blocks : "auto" or sequence of str, default="auto"
    The blocks of trees, one after the other: "shared" (trees on the rows of all tasks),
    "signature" (the same, reading numbers that say how the row's task differs; long data only),
    "partition" (trees for outlier and for ordinary tasks, mixed by task) and "task" (trees on
    each task's rows alone). "auto" takes the sequence with the smallest validation loss of
    shared-partition-task, signature-partition-task, partition-task and task alone, since none
    wins everywhere; a sequence far behind is given up after the first bag. Without validation
    rows "auto" is the published shared-partition-task. A single task has the block "shared".
n_rounds : int, mapping of block to int, or "auto", default="auto"
    Most rounds of each block; one tree per raw score and round (of hazards, at most four for each
    cause), two in a partition, and one for every task in the task block. "auto" is 2,000, which
    early stopping rarely reaches, and 100 where no rows are held out.
learning_rate : float, mapping of block to float, or "auto", default="auto"
    Factor of every tree. "auto" is 0.05, and 0.1 in the task block, whose trees are tiny; 0.1 for
    hazards, whose trees take smaller steps.
num_leaves : int, mapping of block to int, or "auto", default="auto"
    Leaves of a tree. "auto" is 8 (4 for hazards), and 3 in the task block; twice that beyond
    20,000 rows and four times beyond 100,000.
    On six sets of long data small trees were as good as larger ones or better.
min_data_in_leaf : int, mapping of block to int, or "auto", default="auto"
    Least rows of a leaf. "auto" is 20 as in LightGBM, and 5 in the task block, where a task may
    have a dozen rows; but no more than a tenth of the rows.
monotone_constraints : mapping of feature to int, or sequence of int, default=None
    1 where predictions of all tasks may only rise with the feature (the raw scores, to be
    precise), -1 where they may only fall, 0 for no constraint. A sequence has an entry per
    column of X besides the task column.
lightgbm_params : mapping, default=None
    Any other parameters of LightGBM, for all blocks, such as ``{"lambda_l2": 1.0}``. For hazards
    ``extra_trees`` is True unless it is given here: splits at random thresholds.
n_bags : int or "auto", default="auto"
    Models that are fitted with other rows held out each, and averaged. "auto" is 5 up to 50,000
    rows, 2 up to 200,000 and 1 beyond: with five, every row is learnt from, and the error falls
    by about another percent.
early_stopping : bool, default=True
    Hold out `validation_fraction` of the rows (others for each bag) to choose the rounds of each
    block and, with ``blocks="auto"``, the blocks. False fits `n_rounds` rounds to all rows.
validation_fraction : float, default=0.2
    Share of the rows held out, in (0, 0.5], stratified over the tasks and their labels. 0.2
    makes five bags hold out every row once.
patience : int or "auto", default="auto"
    Rounds without a better validation loss after which a block ends. "auto" is 30, for hazards 15.
    The trees of each task alone go on in wide data while any target gets better, and each target
    keeps the rounds that suit it.
unseen : {"shared", "error"}, default="shared"
    What `predict` does for a task that `fit` has not seen: predict it by what all tasks share,
    as an average task (never by the trees of another task), or raise a ValueError.
n_jobs : int, default=None
    Threads, of LightGBM and over the tasks in the task block. None is 1 (unless a joblib
    context says otherwise), -1 all processors.
random_state : int, RandomState or None, default=None
    Decides the held-out rows and whatever `lightgbm_params` draw; the same number gives the same
    model on the same machine. None draws fresh entropy from the operating system. Global states
    are neither used nor changed.

Attributes
----------
outlier_score_ : Series by task
    The share of the outlier trees in each task, in (0, 1): near 1 for a task unlike the larger
    group of tasks. Where the chosen blocks have no partition, or a signature in front of it
    that leaves nothing to tell tasks apart by, it is that of the best other sequence that has
    one. Tasks are the ids of long data (pairs of target and id for several targets), or the
    targets of wide data.
theta_ : Series by task
    The logit of `outlier_score_`.
blocks_ : dict of target to tuple of str
    The blocks that were taken. In wide data, targets with one raw score share trees, and so do
    times to events; a target with several classes, quantiles or competing causes has a model of
    its own.
n_rounds_ : DataFrame
    Rounds of each block, by target and bag.
history_ : DataFrame
    Training and validation loss by target, bag, block and round.
selection_ : DataFrame
    Mean validation loss of every sequence of blocks that was tried, by target, best first.
feature_importances_ : ndarray of shape (n_features_in_,)
    Share of each column of X in the total gain of all splits.
block_importances_ : DataFrame of shape (n_blocks, n_features)
    The same by block.
task_importances_ : DataFrame of shape (n_tasks, n_features)
    Share of each feature in the gain of each task's own trees.
task_names_ : list
    Names of the targets, in the order of y's columns; 0, 1, ... for an array.
task_kinds_ : dict
    Kind of each target by name, as in `tasks`.
classes_ : ndarray or list of ndarray
    Class labels of each target that has classes; one array where y was 1-D. Absent where no
    target has classes, so in every regressor.
n_features_in_ : int
    Number of columns of X.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the columns of X, where all of them are strings.
last_epoch_ : dict
    What the bag that was fitted last reports, for callbacks: see `skmtl.callbacks`.

"""

_NOTES_AND_REFERENCES = r"""Notes
-----
The raw score of task t adds up an intercept, shrunk towards the common one, and blocks of trees,
each fitted by LightGBM to the gradient and Hessian of what the blocks before it leave:

.. math::

    F_t(x) = b_t + \underbrace{s(x)}_{shared}
        + \underbrace{\sigma(\theta_t)\, o(x) + (1 - \sigma(\theta_t))\, u(x)}_{partition}
        + \underbrace{f_t(x)}_{task}

In the partition, both ensembles get a tree per round, on gradients and Hessians times their mixing
weight; then each :math:`\theta_t` takes a damped Newton step on the task's mean
loss with a small penalty. It starts from the axis along which the tasks' residual slopes differ
most, and the sign is such that the smaller group are the outliers.

*Differences to the published method:* trees of several leaves with second-order leaf values
instead of stumps with first-order ones; intercepts by task instead of a start at zero; a theta
step that does not grow with the size of the task, from a start that is not random; rounds, and
the sequence of blocks, chosen on held-out rows; the signature block; bags.

*Signatures:* for each task, the step along the constant and the main axes of the shrunken Newton
steps along the features, from the intercept. A task of few rows has a signature near zero.

*Wide data:* targets with one raw score each (numbers and binary classes, in standard deviations
and log-odds) share trees, so that a tree that raises one raises all; whether that helps, the
choice of blocks decides. Times to several events share trees of their own in the same way: the
hazards of an event are moved along a few waves over its bins of time (`skmtl.tasks.Survival`,
unless its `smooth` is False), which mean sooner and later for all of them.

*Missing labels* are left out of the gradients, the scores and the validation: changing what stands
in their place changes nothing.

*Weights* count as rows, as in LightGBM: those of a task that sum to 1 are one row, so that its
constant and its signature are shrunk away.

*Held-out rows* are random. Where rows belong together (days, patients) or the future is to be
predicted, hold out whole groups or the last ones yourself, with
``fit(X, y, eval_set=(X_valid, y_valid))``.

*Scores:* `score` is the mean over the targets of R2 (numbers), accuracy (classes) and concordance
(times to events), and `score_tasks` gives them one by one, for long data by id.

References
----------
S. Emami, G. Martínez-Muñoz, D. Hernández-Lobato, "Robust-Multi-Task Gradient Boosting", 2025,
arXiv:2507.11411 (the method).

G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.

"""

with_shared_sections = with_sections(_PARAMETERS_AND_ATTRIBUTES, _NOTES_AND_REFERENCES)
