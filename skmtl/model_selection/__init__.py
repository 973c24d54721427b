"""Splits that are stratified over several tasks with missing labels.

scikit-learn's `StratifiedKFold` takes one target without missing labels.
`MultiTaskStratifiedKFold` supports any number of targets with missing labels, and can be used as a
`cv`. `MultiTaskStratifiedGroupKFold` also keeps groups together, such as the visits of a patient,
and `multitask_train_test_split` splits off a test set in the same way. `cross_val_predict`
predicts held-out rows without encoding y, unlike scikit-learn's function.

Examples
--------
>>> import numpy as np
>>> from skmtl.model_selection import MultiTaskStratifiedKFold
>>> X = np.zeros((8, 1))
>>> Y = np.array([[0, 1], [0, np.nan], [0, 0], [0, 1], [1, 0], [1, np.nan], [1, 0], [1, 1]])
>>> for train, test in MultiTaskStratifiedKFold(2, random_state=0).split(X, Y):
...     print(np.bincount(Y[test, 0].astype(int)))
[2 2]
[2 2]
"""

from skmtl.model_selection._cross_val_predict import cross_val_predict
from skmtl.model_selection._grouped import MultiTaskStratifiedGroupKFold
from skmtl.model_selection._stratified import (
    MultiTaskStratifiedKFold,
    multitask_train_test_split,
)

__all__ = [
    "MultiTaskStratifiedGroupKFold",
    "MultiTaskStratifiedKFold",
    "cross_val_predict",
    "multitask_train_test_split",
]
