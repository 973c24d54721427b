"""scikit-learn's base classes, with types for mypy.

scikit-learn does not ship types. For mypy, a base class of unknown type accepts any argument, so
misspelt parameters of estimators would not be detected. This module declares the few methods that
estimators inherit. mypy treats ``MYPY`` as true; other type checkers read scikit-learn's source.
"""

from typing import Any, Self

MYPY = False

if MYPY:

    class BaseEstimator:
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def __setstate__(self, state: dict[str, Any]) -> None: ...
        def __sklearn_tags__(self) -> Any: ...

    class ClassifierMixin:
        def __sklearn_tags__(self) -> Any: ...

    class RegressorMixin:
        def __sklearn_tags__(self) -> Any: ...

    class MultiOutputMixin:
        def __sklearn_tags__(self) -> Any: ...

    class CallbackSupportMixin:
        def set_callbacks(self, *callbacks: Any) -> Self: ...
        def _init_callback_context(
            self,
            task_name: str = "fit",
            task_id: int = 0,
            max_subtasks: int | None = 0,
            sequential_subtasks: bool = True,
        ) -> Any: ...

else:
    from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
    from sklearn.callback import CallbackSupportMixin

__all__ = [
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "MultiOutputMixin",
    "RegressorMixin",
]
