"""Models in files that can be loaded without running code from them.

A file is a zip of a JSON header, the state as JSON, arrays as numpy's .npy and boosters as
LightGBM's text; ``docs/file_format.md`` describes it. ``model.save(path)`` writes one and
`skmtl.load` reads it. Loading builds objects of the classes that ``skmtl._storable`` knows, and of
no others.
"""

from skmtl.files._container import FORMAT
from skmtl.files._errors import ModelFileError
from skmtl.files._models import load_model, read_header, save_model

__all__ = [
    "FORMAT",
    "ModelFileError",
    "load_model",
    "read_header",
    "save_model",
]
