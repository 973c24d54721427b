r"""The marginal likelihood of ratings, with its gradient and information.

The probability that a rating is higher than level k is :math:`\sigma(\theta - \xi - \tau_k)`, with
the measure :math:`\theta` of the item, the severity :math:`\xi` of the rater, and a threshold
:math:`\tau_k` of the question. The measure is :math:`x^\top \beta + s z`, where z is standard
normal and the same for all ratings of an item. Given z, everything is linear in the parameters.
The integral over z is a sum over nodes, whose terms have the derivatives of an ordinal regression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.special import expit, logsumexp

from skmtl.rasch._ratings import Ratings

_N_NODES = 15
_ABSCISSAS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(_N_NODES)


@dataclass(frozen=True)
class Nodes:
    """Quadrature nodes of z for each item, and their weights.

    Attributes
    ----------
    values, log_weight : ndarray of shape (n_items, n_nodes)
    """

    values: np.ndarray
    log_weight: np.ndarray

    @classmethod
    def around(cls, mean: np.ndarray, spread: np.ndarray) -> Nodes:
        """Return nodes of adaptive Gauss-Hermite quadrature, around the mass of the integrand."""
        values = mean[:, None] + spread[:, None] * _ABSCISSAS
        log_weight = (
            np.log(spread)[:, None]
            + np.log(_WEIGHTS)
            + _ABSCISSAS**2 / 2
            - values**2 / 2
            - np.log(2 * np.pi) / 2
        )
        return cls(values, log_weight)

    @classmethod
    def first(cls, ratings: Ratings) -> Nodes:
        """Return the nodes of the standard normal distribution; without items, a single zero."""
        if ratings.item is None:
            return cls(np.zeros((1, 1)), np.zeros((1, 1)))
        return cls.around(np.zeros(ratings.n_items), np.ones(ratings.n_items))


@dataclass(frozen=True)
class Likelihood:
    """The marginal likelihood of ratings at some parameters.

    Attributes
    ----------
    ratings : Ratings
    nodes : Nodes
    value : float
        Logarithm of the marginal likelihood.
    posterior : ndarray of shape (n_items, n_nodes)
        Probability of each node given the ratings of the item.
    above, below : ndarray of shape (n_labels, n_nodes)
        Cumulative probabilities at the thresholds above and below each label.
    squeeze : ndarray of shape (n_labels,)
        Part of the derivatives that comes from the distance between these thresholds.
    """

    ratings: Ratings
    nodes: Nodes
    value: float
    posterior: np.ndarray
    above: np.ndarray
    below: np.ndarray
    squeeze: np.ndarray

    @classmethod
    def at(cls, ratings: Ratings, nodes: Nodes, parameters: np.ndarray) -> Likelihood | None:
        """Compute the likelihood; None if the thresholds of a question are not in order."""
        ends = np.append(parameters[ratings.thresholds], [np.inf, -np.inf])
        high, low = ends[ratings.upper], ends[ratings.lower]
        gap = high - low
        if not (gap > 0).all():
            return None
        location = locations(ratings, nodes, parameters)
        up, down = high[:, None] - location, low[:, None] - location
        # sigma(up) - sigma(down) = sigma(up) sigma(-down) (1 - e^-gap), without cancellation.
        certain = np.log(-np.expm1(-gap))[:, None]
        log_probability = certain - np.logaddexp(0, -up) - np.logaddexp(0, down)
        by_item = ratings.labels_to_items @ (ratings.weight[:, None] * log_probability)
        joint = by_item + nodes.log_weight
        total = logsumexp(joint, axis=1)
        with np.errstate(over="ignore"):
            squeeze = 1 / np.expm1(gap)
        posterior = np.exp(joint - total[:, None])
        value = float(total.sum())
        return cls(ratings, nodes, value, posterior, expit(up), expit(down), squeeze)

    @property
    def _share(self) -> np.ndarray:
        """Weight of each label at each node, (n_labels, n_nodes)."""
        return self.posterior[self.ratings.item_of_label] * self.ratings.weight[:, None]

    @property
    def _z(self) -> np.ndarray:
        return self.nodes.values[self.ratings.item_of_label]

    @property
    def _by_location(self) -> np.ndarray:
        """Derivative of each label's log-probability by its location, (n_labels, n_nodes)."""
        return self.above + self.below - 1

    @property
    def _by_upper(self) -> np.ndarray:
        return 1 - self.above + self.squeeze[:, None]

    @property
    def _by_lower(self) -> np.ndarray:
        return -self.below - self.squeeze[:, None]

    def gradient(self) -> np.ndarray:
        """Return the gradient of the value by the parameters, by Fisher's identity."""
        ratings, share = self.ratings, self._share
        weighted = share * self._by_location
        of_rows = np.bincount(ratings.row, weighted.sum(axis=1), len(ratings.rater))
        of_spread = [(weighted * self._z).sum()] if ratings.item is not None else []
        upper = (share * self._by_upper).sum(axis=1)
        lower = (share * self._by_lower).sum(axis=1)
        thresholds = self._at_thresholds(upper, lower)
        return np.concatenate([ratings.design.T @ of_rows, of_spread, thresholds])

    def _at_thresholds(self, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Sum values of labels by the thresholds above and below them."""
        ratings, size = self.ratings, self.ratings.n_thresholds + 2
        sums = np.bincount(ratings.upper, upper, size) + np.bincount(ratings.lower, lower, size)
        return sums[: ratings.n_thresholds]

    def information(self) -> np.ndarray:
        """Return the observed information of the parameters, by Louis' identity."""
        return self.complete_information() - self.lost_information()

    def complete_information(self) -> np.ndarray:
        """Return the information for known z, averaged over the posterior of z."""
        ratings, share, z = self.ratings, self._share, self._z
        high = share * self.above * (1 - self.above)
        low = share * self.below * (1 - self.below)
        total = np.zeros((ratings.thresholds.stop, ratings.thresholds.stop))
        rows, design = slice(0, ratings.contrast.stop), ratings.design
        n_rows, spread, steps = len(ratings.rater), ratings.spread, ratings.thresholds

        curvature = high + low
        of_rows = np.bincount(ratings.row, curvature.sum(axis=1), n_rows)
        total[rows, rows] = design.T @ (of_rows[:, None] * design)
        if ratings.item is not None:
            of_rows = np.bincount(ratings.row, (curvature * z).sum(axis=1), n_rows)
            total[rows, spread] = (design.T @ of_rows)[:, None]
            total[spread, spread] = (curvature * z**2).sum()
            at = self._at_thresholds((high * z).sum(axis=1), (low * z).sum(axis=1))
            total[spread, steps] = -at
        high, low = high.sum(axis=1), low.sum(axis=1)
        total[rows, steps] = -design.T @ self._table(ratings.row, n_rows, high, low)
        bend = share.sum(axis=1) * self.squeeze * (1 + self.squeeze)
        diagonal = self._at_thresholds(high + bend, low + bend)
        size = ratings.n_thresholds + 2
        pairs = coo_array((bend, (ratings.upper, ratings.lower)), shape=(size, size)).toarray()
        # The position of the threshold above a label is after that of the one below.
        total[steps, steps] = np.diag(diagonal) - pairs[:-2, :-2].T
        return np.triu(total) + np.triu(total, 1).T

    def lost_information(self) -> np.ndarray:
        """Return the information lost because z is unknown, the variance of the items' scores."""
        size = self.ratings.thresholds.stop
        lost = np.zeros((size, size))
        if self.ratings.item is None:
            return lost
        mean = np.zeros((self.ratings.n_items, size))
        for node in range(self.nodes.values.shape[1]):
            score = self._scores(node)
            weighted = self.posterior[:, [node]] * score
            lost += weighted.T @ score
            mean += weighted
        return lost - mean.T @ mean

    def _scores(self, node: int) -> np.ndarray:
        """Return the gradients of the items' log-likelihoods, (n_items, n_parameters)."""
        ratings = self.ratings
        weighted = ratings.weight * self._by_location[:, node]
        of_rows = np.bincount(ratings.row, weighted, len(ratings.rater))
        of_design = ratings.rows_to_items @ (of_rows[:, None] * ratings.design)
        of_spread = (ratings.labels_to_items @ weighted) * self.nodes.values[:, node]
        upper = ratings.weight * self._by_upper[:, node]
        lower = ratings.weight * self._by_lower[:, node]
        steps = self._table(ratings.item_of_label, ratings.n_items, upper, lower)
        return np.hstack([of_design, of_spread[:, None], steps])

    def _table(
        self, places: np.ndarray, n_places: int, upper: np.ndarray, lower: np.ndarray
    ) -> np.ndarray:
        """Sum values of labels by place and threshold, (n_places, n_thresholds)."""
        ratings, width = self.ratings, self.ratings.n_thresholds + 2
        sums = np.bincount(places * width + ratings.upper, upper, n_places * width)
        sums += np.bincount(places * width + ratings.lower, lower, n_places * width)
        return sums.reshape(n_places, width)[:, :-2]

    def posterior_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of z of each item, given its ratings."""
        mean = (self.posterior * self.nodes.values).sum(axis=1)
        square = (self.posterior * (self.nodes.values - mean[:, None]) ** 2).sum(axis=1)
        return mean, np.sqrt(square)


def locations(ratings: Ratings, nodes: Nodes, parameters: np.ndarray) -> np.ndarray:
    """Return measure minus severity of each label's row at each node, (n_labels, n_nodes)."""
    line = ratings.design @ parameters[: ratings.contrast.stop]
    location = line[ratings.row][:, None]
    if ratings.item is None:
        return location
    return location + parameters[ratings.spread] * nodes.values[ratings.item_of_label]
