"""Save models to files that can be loaded without running code from them.

A file is a zip of a JSON header, the state as JSON, arrays as numpy's .npy and boosters as
LightGBM's text; ``docs/file_format.md`` describes it. ``model.save(path)`` writes one and
`skmtl.load` reads it. Loading builds objects of the classes that ``skmtl._storable`` knows, and of
no others. `read_header` reads what a file says about its model without loading it, and needs only
Python's standard library.
"""

from typing import TYPE_CHECKING

from skmtl._lazy import lazy_getattr
from skmtl._storable import storable
from skmtl.files._container import FORMAT, read_header
from skmtl.files._errors import ModelFileError
from skmtl.files._places import ModelPlace

if TYPE_CHECKING:
    from skmtl.files._encode import Encoder
    from skmtl.files._load import load
    from skmtl.files._models import load_model, save_model

__all__ = [
    "FORMAT",
    "Encoder",
    "ModelFileError",
    "ModelPlace",
    "load",
    "load_model",
    "read_header",
    "save_model",
    "storable",
]

# The modules that build models are imported on first use.
__getattr__ = lazy_getattr(
    __name__,
    {
        "Encoder": "skmtl.files._encode",
        "load": "skmtl.files._load",
        "load_model": "skmtl.files._models",
        "save_model": "skmtl.files._models",
    },
)
