"""Models in files that can be loaded without running code from them.

A file is a zip of a JSON header, the state as JSON, arrays as numpy's .npy and boosters as
LightGBM's text; ``docs/file_format.md`` describes it. ``model.save(path)`` writes one and
`skmtl.load` reads it. Loading builds objects of the classes that ``skmtl._storable`` knows, and of
no others. `read_header` looks into a file without loading the model, or anything but Python's own
library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skmtl.files._container import FORMAT, read_header
from skmtl.files._errors import ModelFileError

if TYPE_CHECKING:
    from skmtl.files._models import load_model, save_model

__all__ = [
    "FORMAT",
    "ModelFileError",
    "load_model",
    "read_header",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in ("load_model", "save_model"):
        return getattr(import_module("skmtl.files._models"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
