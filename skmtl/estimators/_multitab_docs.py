"""What the docstrings of the MultiTab classes have in common.

Each class has a docstring of its own, with what sets it apart; `with_shared_sections` puts the
parameters, the attributes, the notes and the references into it. A test compares the result with
the signature, defaults included.
"""

from __future__ import annotations

from skmtl.estimators._docs import with_sections

_PARAMETERS_AND_ATTRIBUTES = """\
Parameters
----------
tasks : str, Kind, or mapping of target to str or Kind, default=None
    What the targets are: "regression", "quantile", "count", "binary", "multiclass" or "ordinal",
    or an instance from `skmtl.tasks` with its own settings, such as ``Quantile((0.05, 0.95))``.
    A time to an event lies in two columns of y, which ``Survival(event="died", time="days")``
    names: see `MultiTabSurvival`.
    One for all targets, or a mapping by column name of y (0, 1, ... for an array). Targets that
    a mapping leaves out, and all with None, are judged by their dtype.
task : label or int, default=None
    For long data, where every row belongs to one task and y has one column: the column of X
    that names the row's task, by name or position. It is taken out of the features. A task that
    `fit` has not seen gets the prediction for an average task. None means wide data, one column
    of y per task.
task_weight : mapping or Series of target to float, or sequence of n_tasks floats, default=None
    Weight of each target in the loss and in the choice of the best epoch; only the ratios
    matter. A mapping gives 1 to the targets it leaves out. None weighs all alike, which is fair
    because targets are put on a common scale first.
balance : str, mapping, sequence, object or callable, default="equal"
    How the tasks are combined into one step: the name of a method, weights of the tasks by name
    or in order, an object of `skmtl.balancing` with settings of its own, or a callable that maps
    a matrix with the gradient of a task in each row, (n_tasks, n_params), to one gradient,
    (n_params,), such as those of ``torchjd.aggregation``. It gets rows for the tasks alone that
    have a label in the batch, so their number may change. Tasks are the targets of wide data and
    the ids of long data (pairs of id and target, if y has several). "equal" adds the losses up,
    which is seldom beaten; `skmtl.balancing` says what the others are for.
balance_at : {"representation", "trunk"}, default="representation"
    Where a method compares the gradients of the tasks, if it does: where they enter the shared
    part of the network, at 1.1 to 1.5 times the cost of a plain step, or at its parameters, at
    one way back through the network for each task ("sharpness_aware": two). "rep_mtl" is at
    the representation in either case.
n_blocks : int, default=1
    Attention blocks through which the task tokens read the features; 0 for none. 1 is the size
    of the published model: the row path, not the depth of the attention, decides the accuracy.
n_heads : int, default=4
    Attention heads, a divisor of `embedding_size`. 4 as published.
embedding_size : int or "auto", default="auto"
    Length of a token. "auto" is 16 (as published) up to 64 features, 8 up to 256 and 4 beyond,
    so that the row path's input, one token per feature, stays short.
feedforward_size : int, default=64
    Hidden units of the feed-forward layer of a block.
attention_dropout : float, default=0.0
    Share of the attention weights that are dropped in training, in [0, 0.99]. None by default:
    a row has few tokens, and dropping any of them loses a feature.
dropout : float, default=0.1
    Share of the hidden units that are dropped in training, in [0, 0.99], in the feed-forward
    layers, the row path and the towers. More suits small or noisy tables.
mask : {"none", "task_to_task", "feature_to_task", "both"}, default="both"
    Which reading is cut, named reader_to_read. "task_to_task": a task token does not read the
    other tasks. "feature_to_task": the features do not read the tasks. "none" cuts nothing.
    Task tokens always read the features. With "both" the tasks meet only in what they share,
    which is the fastest, since the features are computed once for all tasks.
feature_attention : bool, default=False
    Whether features read each other. Without it the cost grows with the number of features
    and not with its square, and the row path lets the features meet all the same.
task_token : {"multi", "single"}, default="multi"
    One learnt token per task, or a single one for all, as an ordinary class token.
numeric_embedding : {"linear", "periodic", "piecewise_linear"}, default="piecewise_linear"
    How a number becomes a token: a straight line, that and learnt waves, or that and a function
    with a bend at each bin edge (Gorishniy et al. 2022). The last was the most accurate: 0.496
    against 0.450 for the straight line, mean score of 8 targets of a HIGGS subset.
n_bins : int or "auto", default="auto"
    Bins per numeric feature, between its quantiles in the training rows, for
    ``numeric_embedding="piecewise_linear"``. "auto" is the square root of their number over 2.5,
    between 4 and 48 (15 for 1,500 rows): few rows in a bin teach it their noise. A feature with
    ties gets fewer.
row_mixing : {"none", "linear", "mlp", "ensemble"}, default="ensemble"
    The row path: a map over all tokens of the row, beside the attention, whose output every
    task's tower reads. "linear" is one matrix, "mlp" a perceptron, "ensemble" several
    perceptrons that share their matrices (BatchEnsemble, as in TabM) and whose scores are
    averaged. It never mixes rows. Without it ("none") accuracy falls apart: R2 of 0.857 against
    0.959 on a weather table.
row_size : int, default=256
    Hidden units of the row path.
row_layers : int, default=2
    Layers of the row path, for "mlp" and "ensemble".
n_members : int, default=4
    Members of the ensemble. Each is trained on its own loss, so that they differ. 8 or 16 cost
    more and were not better.
tower_size : int or "auto", default="auto"
    Hidden units of each task's tower. "auto" is 128 over the number of targets, between 8 and
    32, so that the towers together stay about as wide for 10 targets as for 500.
sample_context : {None, "prototypes", "memory"}, default=None
    What a row may read of other rows: nothing, `context_size` learnt prototypes, or as many
    training rows that are kept at `fit`. Either is fixed once training ends, so a prediction
    never depends on which rows are scored together.
context_size : int, default=64
    Prototypes, or rows kept, for `sample_context`.
learning_rate : float, default=5e-3
    Step size of AdamW.
schedule : {"constant", "cosine"}, default="constant"
    Course of the learning rate: constant, or falling to zero over `max_epochs` along half a
    cosine. Constant does not depend on `max_epochs`, which early stopping rarely reaches;
    `averaging` does what a falling rate would do.
weight_decay : float, default=3e-2
    Decay of AdamW, on the matrices; embeddings, scales and biases do not decay.
gradient_clip : float, default=1.0
    Largest norm of a step's gradient; longer ones are scaled down. One strange batch then does
    not undo the training.
averaging : float, default=0.99
    Decay per step of the running mean of the weights, which is what is validated, kept and used
    to predict; 0.99 is a mean over about the last 100 steps. 0 uses the weights as they are.
batch_size : int or "auto", default="auto"
    Rows per training step. "auto" makes about 32 steps an epoch, of 32 to 1,024 rows: large
    batches train a small table badly. It has no part in predictions.
n_bags : int or "auto", default="auto"
    Networks that are trained one after the other, each with other rows held out, and averaged.
    "auto" is 4 up to 5,000 rows, 2 up to 20,000 and 1 beyond: where rows are few, chance in
    which of them stop the training is averaged out, and every row is learnt from. Time to fit
    and to predict grow with it.
max_epochs : int, default=200
    Most passes over the training rows, of each network. Early stopping usually comes first.
max_time : float, default=None
    Seconds of training after which the epoch at work is the last one; None for no limit. A fit
    that it ends depends on the machine's speed.
early_stopping : bool, default=True
    Hold out `validation_fraction` of the rows (others for each network), stop `patience` epochs
    after the best validation loss and keep the weights of the best epoch. False trains on all
    rows for `max_epochs` and keeps the last weights, unless `fit` is given an `eval_set`.
validation_fraction : float, default=0.15
    Share of the rows held out, in (0, 0.5], stratified over all targets and their labels.
    Labels too rare to be split stay in the training part, so a table of a few rows may hold out
    none and train for `max_epochs`.
patience : int, default=12
    Epochs without a better validation loss after which training stops.
device : str, default="auto"
    Where to compute, as torch names it ("cpu", "cuda", "cuda:1", "mps"). "auto" takes CUDA,
    then MPS, then the CPU. A model that was trained elsewhere predicts on the CPU where its
    device is missing.
precision : {"auto", "float32", "bfloat16"}, default="auto"
    Number format of the matrix products in training. bfloat16 has the range of float32 with 3
    digits instead of 7; weights, losses and optimizer stay in float32. "auto" takes bfloat16 on
    CUDA, where it is faster, and float32 elsewhere, where it is often slower. Predictions are
    always computed in float32.
compile : bool, default=False
    Whether to train with ``torch.compile``. It takes a minute to start, so it pays for long
    trainings on a GPU only.
warm_start : bool, default=False
    Whether another `fit` goes on from the weights of the last one, for up to `max_epochs` more,
    with what was learnt of columns, categories and labels then. The optimizer starts anew.
    Parameters that shape the network, from `tasks` to `context_size` and `n_bags`, must not have
    changed.
random_state : int, RandomState or None, default=None
    Decides the initial weights, the held-out rows, the order of rows and the dropout; the same
    number gives the same model on the same machine. None draws fresh entropy from the operating
    system. The global states of numpy and torch are neither used nor changed.

Attributes
----------
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
history_ : DataFrame of shape (n_epochs_, n_columns)
    By epoch: position of the network (`bag`), seconds since its start, learning rate, training
    and validation loss (mean over the targets, and per target as ``loss[<target>]``), and
    `objective`, the weighted mean of the targets' validation losses as shares of the loss of the
    best constant prediction; their geometric mean with a `balance` that lowers it
    ("uncertainty", "geometric_mean"). Of each network the epoch with the smallest objective is
    kept.
last_epoch_ : dict
    What the epoch that ended last reports, for callbacks: see `skmtl.callbacks`.
n_epochs_ : int
    Number of epochs trained, of all networks together.
best_epoch_ : int
    Number of the epoch whose weights are kept, as in the index of `history_`; the median over
    the networks.
network_ : torch.nn.Module
    The trained networks side by side, on the device that last used them.

"""

_NOTES_AND_REFERENCES = """\
Notes
-----
Every feature of a row becomes a token, and every task has a learnt token that reads them by
attention (MultiTab-Net). Beside it, the row path maps all tokens of the row at once. A tower per
task turns the row's and the task's representation into raw scores, which the task's kind links
to its units or classes. A row is handled by itself: its prediction does not depend on the other
rows, their order or the batch size.

*Missing labels* are left out of the loss, the scores and the validation: changing what stands in
their place changes nothing. Each target needs at least one label, and one with classes two
classes. *Scale:* regression targets are standardised on the observed labels, so the unit of a
target does not decide its weight.

*Early stopping* holds out random rows. Where rows belong together (days, patients) or the
future is to be predicted, hold out whole groups or the last ones yourself, with
``fit(X, y, eval_set=(X_valid, y_valid))``.

*Scores:* `score` is the mean over the targets of R2 (numbers) and accuracy (classes), each over
all rows whose label is known. `score_tasks` gives them one by one, and for long data by id: ids
of few rows have an R2 that says little, so `score` does not average these. `skmtl.metrics` has
scorers for other metrics, which GridSearchCV and cross_validate take. With labels missing, give
them a splitter such as `skmtl.model_selection.MultiTaskStratifiedKFold`, or ``KFold``: for
classifiers, scikit-learn's own stratification, which an integer `cv` stands for, refuses missing
labels.

References
----------
D. Sinodinos, J. Y. Wei, N. Armanfard, "MultiTab: A Scalable Foundation for Multitask Learning on
Tabular Data", AAAI 2026, arXiv:2511.09970 (the network).

Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling", ICLR 2025, arXiv:2410.24210 (the ensemble of the row path).

Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning", NeurIPS 2022, arXiv:2203.05556 (the numeric embeddings).

D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted
Trees on Tabular Data", NeurIPS 2024, arXiv:2407.04491 (the scaling of numeric features).

"""

with_shared_sections = with_sections(_PARAMETERS_AND_ATTRIBUTES, _NOTES_AND_REFERENCES)
