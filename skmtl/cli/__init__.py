"""The command ``skmtl``, which is also ``python -m skmtl``.

======================================  =======================================================
``skmtl fit CONFIG.toml``               fit a model on files, save it, and report its scores
``skmtl score MODEL IN OUT``            predict files of any size
``skmtl inspect MODEL``                 what a saved model reads and predicts, without loading it
``skmtl card MODEL [DATA]``             its model card in Markdown, with scores on files of rows
``skmtl report MODEL DATA``             scores, calibration, importance and drift as a page of HTML
======================================  =======================================================

``docs/cli.md`` describes them with examples, and ``skmtl COMMAND --help`` explains the options.
Results go to stdout, with ``--json`` as one JSON object; messages go to stderr. The exit code is 0
for success, 1 for failure, 2 for a wrong option or configuration, and 3 if the command finished
but some rows could not be scored.

Examples
--------
>>> from skmtl.cli import main
>>> main(["inspect", "no such file"])
1
"""

from skmtl.cli._main import main

__all__ = ["main"]
