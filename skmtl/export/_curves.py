"""Write survival curves and incidences as a graph, equal to those of `skmtl.tasks.Curves`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skmtl.export._graph import Value
from skmtl.tasks import CompetingRisks, Curves, EventTimeKind, ProportionalHazards, Survival


@dataclass(frozen=True)
class GraphCurves:
    """The predicted distribution of the time to an event, for each row.

    Attributes
    ----------
    shape : Curves
        What all rows have in common, such as the cuts.
    hazard : Value of shape (batch, n_bins)
        Cumulative hazard of each bin, of all causes.
    share : Value of shape (batch, n_bins, n_causes) or None
        Share of each cause in the hazard; None for one cause.
    """

    shape: Curves
    hazard: Value
    share: Value | None = None

    @property
    def n_causes(self) -> int:
        return self.shape.share.shape[2]

    def survival(self, times: Sequence[float]) -> Value:
        """Return survival probabilities (batch, n_times)."""
        bins, past = self.shape.places(times)
        if past.shape[1] > 1:
            return self._incidence_by_clocks(bins, past).sum(axis=2).op("Neg") + np.array(1.0)
        past = past[:, 0]
        if self.shape.interpolation == "hazard":
            hazard = _take(self._hazard_at_cuts(), bins) + _take(self.hazard, bins) * past
            return hazard.op("Neg").op("Exp")
        alive = self._alive_at_cuts()
        return _take(alive, bins) * (1 - past) + _take(alive, bins + 1) * past

    def incidence(self, times: Sequence[float]) -> Value:
        """Return cumulative incidences of several causes (batch, n_times, n_causes)."""
        assert self.share is not None
        bins, past = self.shape.places(times)
        if past.shape[1] > 1:
            return self._incidence_by_clocks(bins, past)
        gone = _take(self._alive_at_cuts(), bins) - self.survival(times)
        return self._incidence_before(bins) + gone.unsqueeze(2) * _take(self.share, bins)

    def _incidence_by_clocks(self, bins: np.ndarray, past: np.ndarray) -> Value:
        """Return incidences if each cause has its own clock; `past` is (n_times, n_causes)."""
        assert self.share is not None
        alive, one = self._alive_at_cuts(), np.array(1.0)
        gone = (_take(alive, bins) - _take(alive, bins + 1)).unsqueeze(2)
        incidence = gone * _take(self.share, bins)
        if self.shape.interpolation == "hazard":
            # For a hazard this small, survival is linear in time.
            whole = _take(self.hazard, bins).unsqueeze(2).op("Max", np.array(1e-9))
            fallen = (whole * -past).op("Exp") - one
            incidence = incidence * fallen / (whole.op("Neg").op("Exp") - one)
        else:
            incidence = incidence * past
        return self._incidence_before(bins) + incidence

    def _incidence_before(self, bins: np.ndarray) -> Value:
        """Return the incidences at the start of bins, (batch, n_times, n_causes)."""
        before = self._incidence_at_ends().op("Pad", np.array([0, 1, 0, 0, 0, 0]), np.array(0.0))
        return _take(before, bins)

    def risk(self) -> Value:
        """Return the mean incidence over the cuts by cause, (batch, n_causes)."""
        return self._incidence_at_ends().mean(axis=1)

    def _hazard_at_cuts(self) -> Value:
        """Return the cumulative hazard at the edges of the bins, (batch, n_bins + 1)."""
        ends = self.hazard.op("CumSum", np.array(1))
        return ends.op("Pad", np.array([0, 1, 0, 0]), np.array(0.0))

    def _alive_at_cuts(self) -> Value:
        return self._hazard_at_cuts().op("Neg").op("Exp")

    def _incidence_at_ends(self) -> Value:
        """Return the incidences at the end of each bin, (batch, n_bins, n_causes)."""
        alive, n_bins = self._alive_at_cuts(), len(self.shape.edges) - 1
        steps = (alive.columns(0, n_bins) - alive.columns(1, n_bins + 1)).unsqueeze(2)
        if self.share is not None:
            steps = steps * self.share
        return steps.op("CumSum", np.array(1))

    def then(self, later: GraphCurves) -> GraphCurves:
        """Continue these curves, after their last bin, with those of a later period."""
        hazard, share = [self.hazard], [self.share]
        if later.shape.edges[0] > self.shape.edges[-1]:  # no events in the gap between the two
            hazard.append(later.hazard.columns(0, 1) * np.array(0.0))
            share.append(None if later.share is None else later.share.columns(0, 1))
        hazard.append(later.hazard)
        share.append(later.share)
        given_shares = [by_cause for by_cause in share if by_cause is not None]
        graph = self.hazard.graph
        return GraphCurves(
            self.shape.then(later.shape),
            graph.concat(hazard, axis=1),
            graph.concat(given_shares, axis=1) if given_shares else None,
        )


def _take(values: Value, bins: np.ndarray) -> Value:
    """Select bins of (batch, n_bins, ...)."""
    return values.op("Gather", bins, axis=1)


def curves_of(head: EventTimeKind, scores: Value) -> GraphCurves:
    """Return the curves of a head for raw scores (batch, n_scores), float64."""
    shape = head.curves(np.zeros((1, head.n_scores)))
    if isinstance(head, Survival):
        return GraphCurves(shape, _stretched(head, _softplus(scores)))
    if isinstance(head, CompetingRisks):
        by_bin = scores.reshape(0, head.grid_.n_bins, head.n_causes)
        share = by_bin.op("Softmax", axis=2)
        return GraphCurves(shape, _stretched(head, _with_survival(by_bin)), share)
    assert isinstance(head, ProportionalHazards)
    lowest, highest = (np.array(sign * head.largest_score) for sign in (-1, 1))
    clipped = scores.op("Clip", lowest, highest)
    return GraphCurves(shape, clipped.op("Exp") * head.baseline_.astype(np.float64))


def _stretched(head: Survival | CompetingRisks, hazard: Value) -> Value:
    """Lengthen bins that nobody survived, in cumulative hazards (batch, n_bins)."""
    stretch = np.asarray(head.stretch_, dtype=np.float64)
    return hazard if (stretch == 1).all() else hazard * stretch


def _softplus(scores: Value) -> Value:
    """Return log(1 + exp(scores)), without overflow."""
    small = scores.op("Abs").op("Neg").op("Exp")
    return scores.op("Relu") + (small + np.array(1.0)).op("Log")


def _with_survival(by_bin: Value) -> Value:
    """Return log(1 + the sum of exp over the causes), (batch, n_bins)."""
    top = by_bin.op("ReduceMax", np.array([2]), keepdims=1).op("Relu")
    total = (by_bin - top).op("Exp").sum(axis=2) + top.squeeze(2).op("Neg").op("Exp")
    return top.squeeze(2) + total.op("Log")
