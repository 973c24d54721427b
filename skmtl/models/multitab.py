"""The parameters of MultiTab: the architecture of its network."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

from skmtl.engines.network import MultiTabSettings, NetworkEngine
from skmtl.models._checks import Check, boolean, integer, one_of, real
from skmtl.models._multitab_views import attention, coefficients, embed, expert_use, feature_gates
from skmtl.models._sources import predict, predict_proba, read_scored, with_sources
from skmtl.models.network import NetworkEstimator
from skmtl.networks import (
    PRESETS,
    DualFrequency,
    Experts,
    HistoryTokens,
    HubTokens,
    Mask,
    NumericEmbedding,
    RowMixing,
    SampleContext,
    SetAttention,
    TemporalConvolutions,
)
from skmtl.tables import HashedCategories, check_sources
from skmtl.tasks import residuals_among

# `residuals` are among `tasks`, which survival estimators do not have.
_ARCHITECTURE = tuple(f.name for f in fields(MultiTabSettings) if f.name != "residuals")
_SERIES: dict[str, HistoryTokens] = {
    "events": SetAttention(),
    "tcn": TemporalConvolutions(),
    "wavelet": DualFrequency(),
}


def _is_series(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and all(map(_is_tokens, value.values())))


def _is_tokens(value: Any) -> bool:
    if isinstance(value, str):
        return value in _SERIES
    return isinstance(value, HistoryTokens) and not isinstance(value, type)


def _is_sources(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, Mapping) and all(
        isinstance(columns, list | tuple) and all(isinstance(c, Hashable) for c in columns)
        for columns in value.values()
    )


@dataclass(kw_only=True, eq=False, repr=False)
class MultiTabEstimator(NetworkEstimator):
    """An estimator whose engine is MultiTab-Net.

    Parameters
    ----------
    n_blocks : int, default=1
        Number of attention blocks, in which the task tokens attend to the features; 0 for none. 1
        is the size of the published model: the row path, not the depth of the attention,
        determines the accuracy.
    n_heads : int, default=4
        Number of attention heads, a divisor of `embedding_size`. 4 as published.
    embedding_size : int or "auto", default="auto"
        Length of a token. "auto" is 16 (as published) up to 64 features, 8 up to 256 and 4
        beyond, so that the row path's input, one token per feature, stays short.
    feedforward_size : int, default=64
        Hidden units of the feed-forward layer of a block.
    attention_dropout : float, default=0.0
        Share of the attention weights that are dropped in training, in [0, 0.99]. 0 by default: a
        row has few tokens, and dropping one of them loses a feature.
    dropout : float, default=0.1
        Share of the hidden units that are dropped in training, in [0, 0.99], in the feed-forward
        layers, the row path and the towers. Larger values suit small or noisy tables.
    mask : {"none", "task_to_task", "feature_to_task", "both"}, default="both"
        Attention mask. "task_to_task": task tokens do not attend to other tasks.
        "feature_to_task": features do not attend to tasks. "both": both of these. "none": no mask.
        Task tokens always attend to the features. With "both" the tasks interact only through
        shared weights, which is fastest, because the features are computed once for all tasks.
    feature_attention : bool or HubTokens, default=False
        Whether features attend to each other, at a cost quadratic in their number, or interact
        through a few hub tokens at a linear cost (`skmtl.networks.HubTokens`). With False they
        still interact in the row path.
    task_token : {"multi", "single"}, default="multi"
        Whether there is a learnt token for each task, or a single one for all tasks, like an
        ordinary class token.
    numeric_embedding : {"linear", "periodic", "piecewise_linear"}, default="piecewise_linear"
        How a number is embedded in a token: by a linear map, by a linear map and learnt waves, or
        by a piecewise linear function with knots at the bin edges (Gorishniy et al. 2022). The
        last was the most accurate: a mean score of 0.496 against 0.450 for the linear map on 8
        targets of a HIGGS subset.
    n_bins : int or "auto", default="auto"
        Bins per numeric feature, between its quantiles in the training rows, for
        ``numeric_embedding="piecewise_linear"``. "auto" is the square root of the number of rows
        divided by 2.5, between 4 and 48 (15 for 1,500 rows): bins with few rows overfit. A feature
        with ties has fewer bins.
    row_mixing : {"none", "linear", "mlp", "ensemble", "mmoe", "ple", "home", "stem"} or Experts, \
default="ensemble"
        The row path: a map of all tokens of the row, parallel to the attention, whose output is an
        input of every task's tower. "linear" is a matrix, "mlp" a perceptron, "ensemble" several
        perceptrons that share their matrices (BatchEnsemble, as in TabM) and whose scores are
        averaged. An object of :class:`skmtl.networks.Experts` is a mixture of several such
        ensembles for each task; the names after "ensemble" are published mixtures. Rows are never
        mixed. Without a row path ("none") accuracy collapses: R2 of 0.857 against 0.959 on a
        weather table.
    row_size : int, default=256
        Hidden units of the row path; with experts, of each expert unless there are many.
    row_layers : int, default=2
        Layers of the row path, for "mlp" and "ensemble"; of each expert in each level.
    n_members : int, default=4
        Number of members of the ensemble. Each is trained on its own loss, so that they differ. 8
        or 16 were slower and not better.
    tower_size : int or "auto", default="auto"
        Hidden units of each task's tower. "auto" is 128 divided by the number of targets, between
        8 and 32, so that the total width of the towers grows slowly with the number of targets.
    sample_context : {None, "prototypes", "memory"}, default=None
        What a row attends to besides its own features: nothing, `context_size` learnt prototypes,
        or `context_size` training rows stored in `fit`. These are fixed once training ends, so a
        prediction never depends on which rows are scored together.
    context_size : int, default=64
        Number of prototypes or stored rows for `sample_context`.
    linear_path : {None, "learnt", "ridge"}, default=None
        A linear model of numbers, missing values and categories whose raw scores are added to
        those of the network, and which is trained together with it. None: no linear model;
        "learnt": it starts at zero; "ridge": it starts at ridge regression on the training rows
        (for losses other than the squared loss, at a Newton step). It extrapolates linearly beyond
        the range of the training rows, up to 10 interquartile ranges, while the rest of the
        network levels off. None by default: on linear data it is as good as ridge regression, but
        on some small tables the fit then stops before the rest of the network has learnt anything
        (R2 of 0.49 against 0.82 on one table).
    series : mapping of column to str or object, default=None
        Columns of X that are histories (`skmtl.histories.Histories`), and how the network reads
        each: "events" for irregular events as a set (:class:`skmtl.networks.SetAttention`), "tcn"
        for series on a grid of equal steps (:class:`skmtl.networks.TemporalConvolutions`),
        "wavelet" for such series with slow and fast changes read separately
        (:class:`skmtl.networks.DualFrequency`), or an object of these classes with other settings.
        A history becomes tokens beside those of the other columns. None: a column of histories is
        an error. Whether a network is better than :class:`skmtl.histories.SeriesSummary` and
        boosting depends on the data: see the page on histories.
    hashed_categories : HashedCategories, default=None
        Ids of users, items and the like share one table of fixed size, in which they are found by
        hashing: see `skmtl.tables.HashedCategories`. With None every known category has its own
        row. Use it for columns with hundreds of thousands of ids; below that, `min_category_rows`
        is enough. `linear_path` ignores hashed columns.
    sources : mapping of name to list of columns, default=None
        Groups of columns that a row has or lacks as a whole, such as lab values or a scan. A
        source whose columns are all missing from a row is left out: the row is predicted from the
        other sources, and nothing is learnt from the fact that it is absent. Columns that no
        source names are always used. Fitted models predict from some of the sources, by
        ``predict(X, sources=[...])`` and `with_sources`. With None, missing values are a feature
        like others.
    source_dropout : float, default=0.5
        Probability in (0, 1) with which training hides each source of a row, so that the network
        learns to predict from any of them. A row counts this many times as much for each source
        that it lacks.

    Notes
    -----
    Every feature of a row is embedded in a token, and every task has a learnt token that attends
    to them (MultiTab-Net). In parallel, the row path maps all tokens of the row at once. A tower
    for each task turns the representations of the row and of the task into raw scores, which the
    task's kind links to its units or classes. Rows are processed independently: a prediction does
    not depend on the other rows, their order or the batch size.

    References
    ----------
    D. Sinodinos, J. Y. Wei, N. Armanfard, "MultiTab: A Scalable Foundation for Multitask Learning
    on Tabular Data", AAAI 2026, arXiv:2511.09970 (the network).

    Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with
    Parameter-Efficient Ensembling", ICLR 2025, arXiv:2410.24210 (the ensemble of the row path).

    Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep
    Learning", NeurIPS 2022, arXiv:2203.05556 (the numeric embeddings).

    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024, arXiv:2407.04491 (the scaling of numeric
    features).
    """

    _parameter_checks: ClassVar[dict[str, Check]] = {
        "n_blocks": integer(0),
        "n_heads": integer(1),
        "embedding_size": integer(1) | one_of("auto"),
        "feedforward_size": integer(1),
        "attention_dropout": real(0, 0.99),
        "dropout": real(0, 0.99),
        "mask": one_of("none", "task_to_task", "feature_to_task", "both"),
        "feature_attention": boolean
        | Check(lambda v: isinstance(v, HubTokens), "a HubTokens object"),
        "task_token": one_of("multi", "single"),
        "numeric_embedding": one_of("linear", "periodic", "piecewise_linear"),
        "n_bins": integer(1) | one_of("auto"),
        "row_mixing": one_of("none", "linear", "mlp", "ensemble", *PRESETS)
        | Check(lambda v: isinstance(v, Experts), "an Experts object"),
        "row_size": integer(1),
        "row_layers": integer(1),
        "n_members": integer(1),
        "tower_size": integer(1) | one_of("auto"),
        "sample_context": one_of(None, "prototypes", "memory"),
        "context_size": integer(1),
        "linear_path": one_of(None, "learnt", "ridge"),
        "series": Check(
            _is_series,
            "None, or a mapping of columns to "
            + ", ".join(f"{name!r} or a {type(o).__name__}" for name, o in _SERIES.items())
            + " or another object with the methods of skmtl.networks.HistoryTokens",
        ),
        "hashed_categories": one_of(None)
        | Check(lambda v: isinstance(v, HashedCategories), "a HashedCategories object"),
        "sources": Check(
            _is_sources, "None, or a mapping of names to lists of columns, {'labs': ['sodium']}"
        ),
        "source_dropout": real(0, 0.99, open_low=True),
    }
    _SHAPING: ClassVar[tuple[str, ...]] = (
        *NetworkEstimator._SHAPING, *_ARCHITECTURE, "hashed_categories", "sources",
    )  # fmt: skip

    n_blocks: int = 1
    n_heads: int = 4
    embedding_size: int | Literal["auto"] = "auto"
    feedforward_size: int = 64
    attention_dropout: float = 0.0
    dropout: float = 0.1
    mask: Mask = "both"
    feature_attention: bool | HubTokens = False
    task_token: Literal["multi", "single"] = "multi"
    numeric_embedding: NumericEmbedding = "piecewise_linear"
    n_bins: int | Literal["auto"] = "auto"
    row_mixing: RowMixing | Literal["mmoe", "ple", "home", "stem"] = "ensemble"
    row_size: int = 256
    row_layers: int = 2
    n_members: int = 4
    tower_size: int | Literal["auto"] = "auto"
    sample_context: SampleContext | None = None
    context_size: int = 64
    linear_path: Literal["learnt", "ridge"] | None = None
    series: Mapping[Hashable, str | HistoryTokens] | None = None
    hashed_categories: HashedCategories | None = None
    sources: Mapping[Hashable, Sequence[Hashable]] | None = None
    source_dropout: float = 0.5

    predict = predict
    predict_proba = predict_proba
    with_sources = with_sources
    _read_scored = read_scored
    embed = embed
    attention = attention
    expert_use_ = property(expert_use)
    feature_gates_ = property(feature_gates)
    coefficients_ = property(coefficients)

    @property
    def _hashed(self) -> HashedCategories | None:
        return self.hashed_categories

    def check_parameters(self) -> None:
        """Raise an error for invalid parameters, as `fit` does."""
        super().check_parameters()
        self._architecture().check()
        check_sources(self.sources or {})
        if self.sources and self.sample_context == "memory":
            raise ValueError(
                "sample_context='memory' keeps rows whatever sources they lack, which sources="
                f"{list(self.sources)} leaves out. Choose 'prototypes' or None."
            )

    def _architecture(self) -> MultiTabSettings:
        """The architecture, apart from the estimator."""
        settings = {name: getattr(self, name) for name in _ARCHITECTURE}
        if isinstance(self.row_mixing, str) and self.row_mixing in PRESETS:
            settings["row_mixing"] = Experts.named(self.row_mixing)
        settings["series"] = {
            column: _SERIES[tokens] if isinstance(tokens, str) else tokens
            for column, tokens in (self.series or {}).items()
        }
        residuals = residuals_among(getattr(self, "tasks", None))
        return MultiTabSettings(**settings, residuals=residuals)

    def _engine(self) -> NetworkEngine:
        engine = super()._engine()
        series = self._architecture().series
        return replace(
            engine,
            histories={name: getattr(of, "by_text", False) for name, of in series.items()},
            sources=self.sources or {},
            source_dropout=self.source_dropout,
        )
