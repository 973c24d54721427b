"""``python -m skmtl``: the command line."""

import sys

from skmtl.cli import main

sys.exit(main())
