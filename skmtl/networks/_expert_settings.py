"""Settings of the experts of a network and of their gates."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from skmtl._storable import storable
from skmtl.networks._gates import TopK
from skmtl.networks._task_inputs import FeatureGates, TaskEmbeddings, TaskInput

_TASK_INPUTS = (FeatureGates, TaskEmbeddings)


@storable
@dataclass(frozen=True, kw_only=True)
class Experts:
    """Several row paths (experts), mixed separately for each task.

    For `row_mixing` of the MultiTab estimators. An expert is a perceptron over all feature tokens
    of the row; each task has a gate that weights the experts it uses. Shared experts are used by
    all tasks, own experts by a single task. Every layer ends in layer normalisation and Swish, so
    that experts do not become inactive (HoME uses batch normalisation, but here a row must not
    depend on its batch). `Experts.named` returns the published mixtures "mmoe", "ple", "home" and
    "stem".

    Parameters
    ----------
    shared : int, default=2
        Number of experts used by all tasks.
    own : int, default=1
        Number of experts per task, which other tasks do not use, unless `others` is set.
    n_levels : int, default=1
        Number of mixtures, one after the other. The input of own experts of a later level is their
        task's mixture of the previous level; that of shared experts is a mixture of all experts
        (PLE).
    size : int or "auto", default="auto"
        Units of each layer of an expert. "auto" is `row_size` of the estimator for up to 4
        experts, and less for more experts, so that all experts of a level together have four times
        as many units.
    gate : {"row", "token"}, default="row"
        Input of the gates: the row, or the task's token after attention (TaskExpert). In long data
        the token depends on the task id, and the row does not.
    routing : TopK or None, default=None
        Which experts a row uses: all, or only a few with the largest weights (M³ViT).
    others : {"hidden", "detached"}, default="hidden"
        How a task uses other tasks' own experts: not at all ("hidden"), or without gradients to
        them ("detached", STEM).
    task_inputs : tuple of FeatureGates or TaskEmbeddings, default=()
        Transforms of the row for own experts and gates, applied in this order.
    groups : sequence of sequence of hashable, or None, default=None
        Names of the targets by group, such as `skmtl.inspection.suggest_groups` returns. In all
        levels but the last, own experts belong to groups in place of tasks (HoME). None means no
        groups.
    activation : {"normalised_swish", "relu"}, default="normalised_swish"
        Normalisation and nonlinearity at the end of each layer of an expert. "relu", without
        normalisation, is used in the default row path and in the published MMoE and PLE.

    Raises
    ------
    ValueError
        If settings are out of range or contradict each other.

    References
    ----------
    J. Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate
    Mixture-of-Experts", KDD 2018 (MMoE).

    H. Tang et al., "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for
    Personalized Recommendations", RecSys 2020 (CGC, PLE).

    X. Wang et al., "HoME: Hierarchy of Multi-Gate Experts for Multi-Task Learning at Kuaishou",
    2024, arXiv:2408.05430.

    L. Su et al., "STEM: Unleashing the Power of Embeddings for Multi-task Recommendation",
    AAAI 2024, arXiv:2308.13537.

    H. Ye, D. Xu, "TaskExpert: Dynamically Assembling Multi-Task Representations with Memorial
    Mixture-of-Experts", ICCV 2023, arXiv:2307.15324.

    Examples
    --------
    >>> from skmtl import MultiTabRegressor
    >>> from skmtl.datasets import make_multitab_bench
    >>> from skmtl.networks import Experts
    >>> X, Y = make_multitab_bench(200, n_tasks=3, random_state=0)[:2]
    >>> model = MultiTabRegressor(
    ...     row_mixing=Experts(shared=1, own=1), row_size=16, max_epochs=2, random_state=0
    ... )
    >>> model.fit(X, Y).expert_use_.shape
    (3, 4)
    """

    shared: int = 2
    own: int = 1
    n_levels: int = 1
    size: int | Literal["auto"] = "auto"
    gate: Literal["row", "token"] = "row"
    routing: TopK | None = None
    others: Literal["hidden", "detached"] = "hidden"
    task_inputs: tuple[TaskInput, ...] = ()
    groups: Sequence[Sequence[Hashable]] | None = None
    activation: Literal["normalised_swish", "relu"] = "normalised_swish"

    def __post_init__(self) -> None:
        self.check()

    @classmethod
    def named(cls, name: str) -> Experts:
        """Return a published mixture, with the layers of HoME.

        Parameters
        ----------
        name : {"mmoe", "ple", "home", "stem"}
            "mmoe": four shared experts. "ple": two levels, each with a shared expert and one per
            task. "home": as "ple", with feature gates; set groups with
            ``dataclasses.replace(Experts.named("home"), groups=...)``. "stem": a shared expert and
            one per task, which the other tasks use as well, and embeddings per task.

        Raises
        ------
        ValueError
            If there is no mixture of this name.
        """
        if name not in PRESETS:
            raise ValueError(f"{name!r} must be one of {', '.join(map(repr, PRESETS))}.")
        return cls(**PRESETS[name])

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        _check_number("shared", self.shared, 0)
        _check_number("own", self.own, 0)
        _check_number("n_levels", self.n_levels, 1)
        if self.size != "auto":
            _check_number("size", self.size, 1)
        _check_word("gate", self.gate, "row", "token")
        _check_word("others", self.others, "hidden", "detached")
        _check_word("activation", self.activation, "normalised_swish", "relu")
        if self.shared + self.own == 0:
            raise ValueError("Experts: shared=0 and own=0 leave no expert. Set one of them.")
        if self.routing is not None and not isinstance(self.routing, TopK):
            raise ValueError(f"Experts: routing={self.routing!r} must be a TopK object or None.")
        n_read = self.shared + self.own
        if self.routing is not None and self.others == "hidden" and self.routing.k >= n_read:
            raise ValueError(
                f"Experts: routing={self.routing!r} leaves out none of the {n_read} experts that "
                "a task uses. Lower k, or raise shared or own."
            )
        if self.others == "detached" and not self.own:
            raise ValueError("Experts: others='detached' needs own experts, but own=0.")
        self._check_inputs()
        self._check_groups()

    def _check_inputs(self) -> None:
        inputs = self.task_inputs
        if not isinstance(inputs, tuple) or not all(isinstance(i, _TASK_INPUTS) for i in inputs):
            raise ValueError(
                f"Experts: task_inputs={inputs!r} must be a tuple of FeatureGates and "
                "TaskEmbeddings objects."
            )
        if inputs and not self.own:
            raise ValueError("Experts: task_inputs are inputs of own experts, but own=0.")

    def _check_groups(self) -> None:
        if self.groups is None:
            return
        if self.n_levels < 2:
            raise ValueError(
                "Experts: groups have experts in all levels but the last. Set n_levels=2 or more."
            )
        if isinstance(self.groups, str) or any(isinstance(g, str) or not g for g in self.groups):
            raise ValueError(
                f"Experts: groups={self.groups!r} must be a sequence of non-empty sequences of "
                "names."
            )

    def resolved(self, names: Sequence[Hashable], row_size: int) -> Experts:
        """Return the settings for given targets, with a number for `size` and groups of indices.

        Raises
        ------
        ValueError
            If a target is in no group, or in more than one.
        """
        groups = None if self.groups is None else _numbered(self.groups, names)
        n_experts = self.shared + self.own * len(names)
        size = self.size
        if size == "auto":
            size = min(row_size, max(4 * row_size // n_experts, 16))
        return replace(self, size=size, groups=groups)


PRESETS: dict[str, dict[str, Any]] = {
    "mmoe": {"shared": 4, "own": 0},
    "ple": {"shared": 1, "own": 1, "n_levels": 2},
    "home": {"shared": 1, "own": 1, "n_levels": 2, "task_inputs": (FeatureGates(),)},
    "stem": {"shared": 1, "own": 1, "others": "detached", "task_inputs": (TaskEmbeddings(),)},
}


def _numbered(
    groups: Sequence[Sequence[Hashable]], names: Sequence[Hashable]
) -> tuple[tuple[int, ...], ...]:
    """Return groups of target indices; names that are not among the targets are dropped."""
    listed = [name for group in groups for name in group]
    missing = [name for name in names if name not in listed]
    twice = [name for name in names if listed.count(name) > 1]
    if missing or twice:
        what = f"no group has {missing[0]!r}" if missing else f"{twice[0]!r} is in several groups"
        raise ValueError(f"Experts: {what}; groups must name every target once.")
    number = {name: position for position, name in enumerate(names)}
    numbered = (tuple(number[name] for name in group if name in number) for group in groups)
    return tuple(group for group in numbered if group)


def _check_number(name: str, value: object, low: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ValueError(f"Experts: {name}={value!r} must be a whole number of at least {low}.")


def _check_word(name: str, value: object, *words: str) -> None:
    if value not in words:
        raise ValueError(
            f"Experts: {name}={value!r} must be one of {', '.join(map(repr, words))}."
        )
