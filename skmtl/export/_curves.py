"""Survival curves and incidences of a graph: `skmtl.tasks.Curves` at the cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl.export._graph import Value
from skmtl.tasks import CompetingRisks, ProportionalHazards, Survival
from skmtl.tasks._event_time_kind import EventTimeKind
from skmtl.tasks._proportional_hazards import _LARGEST_SCORE


@dataclass(frozen=True)
class GraphCurves:
    """What is known of the time to an event, for each row.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
    hazard : Value of shape (batch, n_bins)
        Cumulative hazard of each bin, of all causes.
    share : Value of shape (batch, n_bins, n_causes) or None
        Share of each cause in it; None for one cause.
    n_causes : int
    """

    edges: np.ndarray
    hazard: Value
    share: Value | None = None
    n_causes: int = 1

    def survival(self) -> Value:
        """Survival at the end of each bin, (batch, n_bins)."""
        return self.hazard.op("CumSum", np.array(1)).op("Neg").op("Exp")

    def incidence(self) -> Value:
        """Incidence at the end of each bin, (batch, n_bins, n_causes)."""
        alive = self.survival()
        if self.share is None:
            return alive.op("Neg").unsqueeze(2) + np.array(1.0)
        before = alive.op("Pad", np.array([0, 1, 0, -1]), np.array(1.0))
        steps = (before - alive).unsqueeze(2) * self.share
        return steps.op("CumSum", np.array(1))

    def risk(self) -> Value:
        """Mean incidence over the cuts, by cause: (batch, n_causes)."""
        return self.incidence().mean(axis=1)

    def then(self, later: GraphCurves) -> GraphCurves:
        """These curves up to their last bin, and from there those of a later stretch of time."""
        edges, hazard, share = [self.edges], [self.hazard], [self.share]
        if later.edges[0] > self.edges[-1]:  # between the two nothing happens
            edges.append(later.edges[:1])
            hazard.append(later.hazard.columns(0, 1) * np.array(0.0))
            share.append(None if later.share is None else later.share.columns(0, 1))
        hazard.append(later.hazard)
        share.append(later.share)
        known = [each for each in share if each is not None]
        graph = self.hazard.graph
        return GraphCurves(
            np.concatenate([*edges, later.edges[1:]]),
            graph.concat(hazard, axis=1),
            graph.concat(known, axis=1) if known else None,
            self.n_causes,
        )


def curves_of(head: EventTimeKind, scores: Value) -> GraphCurves:
    """The curves that a head gives for raw scores (batch, n_scores), float64."""
    edges = head.grid_.edges
    if isinstance(head, Survival):
        return GraphCurves(edges, _softplus(scores))
    if isinstance(head, CompetingRisks):
        by_bin = scores.reshape(0, head.grid_.n_bins, head.n_causes)
        share = by_bin.op("Softmax", axis=2)
        return GraphCurves(edges, _with_survival(by_bin), share, head.n_causes)
    assert isinstance(head, ProportionalHazards)
    kept = scores.op("Clip", np.array(-_LARGEST_SCORE), np.array(_LARGEST_SCORE))
    return GraphCurves(edges, kept.op("Exp") * head.baseline_.astype(np.float64))


def _softplus(scores: Value) -> Value:
    """log(1 + exp(scores)), without overflow."""
    small = scores.op("Abs").op("Neg").op("Exp")
    return scores.op("Relu") + (small + np.array(1.0)).op("Log")


def _with_survival(by_bin: Value) -> Value:
    """log(1 + the sum of exp over the causes), (batch, n_bins)."""
    top = by_bin.op("ReduceMax", np.array([2]), keepdims=1).op("Relu")
    total = (by_bin - top).op("Exp").sum(axis=2) + top.squeeze(2).op("Neg").op("Exp")
    return top.squeeze(2) + total.op("Log")
