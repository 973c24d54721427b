"""Follow the training of a model through scikit-learn's callbacks.

Every estimator of skmtl reports its epochs to the callbacks passed to `set_callbacks`: those of
`sklearn.callback`, the one below, and your own. When a task named "epoch" ends, its report is the
estimator's attribute `last_epoch_`, a dict. For a network (`MultiTab*`) it contains:

===================  =========================================================================
``bag``              number of the network, from 0; networks are trained one after the other
``epoch``            number of the epoch, from 0, as in the index of `history_`
``loss``             training loss, the mean over the tasks
``validation_loss``  the same on the validation rows; None without them
``objective``        the criterion for the best epoch: the weighted mean of the tasks'
                     validation losses, each divided by that of the best constant prediction
``improved``         whether this is the network's best epoch so far
``auxiliary``        dict of the losses that the network returned beside those of the tasks
===================  =========================================================================

An epoch of boosting (`RMTGB*`) is a bag of a sequence of blocks, fitted to the end:

===================  =========================================================================
``bag``              number of the bag, from 0
``epoch``            number of the report, from 0, over all bags, sequences and models
``blocks``           the sequence of blocks, a tuple such as ``("partition", "task")``
``loss``             training loss after the last round that was tried in the last block
``validation_loss``  loss of the finished sequence on the held-out rows; None without them
``objective``        the same, which decides between sequences; NaN without held-out rows
``improved``         whether it is the smallest validation loss of this fit so far
===================  =========================================================================

An epoch of a linear model (`MultiTaskLinear*`) is a step of the search for penalties, which
evaluates some of them on one split; the last epoch is the fit to all rows. ``bag`` and ``epoch``
count them. ``loss``, ``validation_loss`` and ``objective`` are the smallest mean loss so far
divided by that of the best constants (NaN, None and NaN if nothing is evaluated).

A callback whose `on_fit_task_end` returns True stops the training, including that of the remaining
networks or bags; the best weights, or the finished bags, are kept.

Examples
--------
Stop as soon as the validation loss is good enough:

>>> from sklearn.datasets import load_iris
>>> from skmtl import MultiTabClassifier
>>> class GoodEnough:
...     def setup(self, estimator, context): ...
...     def teardown(self, estimator, context): ...
...     def on_fit_task_begin(self, estimator, context): ...
...     def on_fit_task_end(self, estimator, context):
...         return context.task_name == "epoch" and estimator.last_epoch_["validation_loss"] < 0.5
>>> X, y = load_iris(return_X_y=True)
>>> model = MultiTabClassifier(random_state=0).set_callbacks(GoodEnough()).fit(X, y)
>>> bool(model.history_["validation_loss"].iloc[-1] < 0.5)
True
"""

from skmtl.callbacks._progress_bar import ProgressBar

__all__ = ["ProgressBar"]
