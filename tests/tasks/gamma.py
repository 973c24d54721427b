"""A custom kind that is not in skmtl: positive amounts with a log link."""

from __future__ import annotations

import numpy as np

from skmtl.tasks import Kind, plain_values, register_kind


@register_kind
class Gamma(Kind):
    """Half the unit gamma deviance of y over its mean: z e^-s + s - 1 - log z."""

    name = "gamma"
    default_metric = "r2"

    def _learn(self, labels, *, weight, group, n_groups):
        self.mean_ = np.average(plain_values(labels), weights=weight)

    def encode(self, labels, *, group=None):
        return labels.fillna(self.mean_).to_numpy(float)[:, None] / self.mean_

    def loss(self, scores, target):
        score, z = scores[..., 0], target[..., 0]
        return z * (-score).exp() + score - 1 - z.log()

    def losses(self, scores, target):
        return (target * np.exp(-scores) + scores - 1 - np.log(target))[:, 0]

    def gradient_hessian(self, scores, target):
        ratio = target * np.exp(-scores)
        return 1 - ratio, ratio

    def initial_scores(self, target, weight):
        return np.log(np.average(target, axis=0, weights=weight))

    def predict(self, scores, *, group=None):
        return np.exp(scores[:, 0].astype(float)) * self.mean_
