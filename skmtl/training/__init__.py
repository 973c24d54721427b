"""One training loop for all networks: device, precision, batches, early stopping.

`Trainer` trains a network on a `TaskSet` and on `Samples` (tensors on the device) or
`StoredSamples` (files of rows that do not fit in memory), and leaves the network with the best
weights. `in_batches` scores many rows. The loop works with any network that follows the protocols
of `skmtl.networks`. It neither uses nor changes torch's global random state.
"""

from skmtl.training._data import Samples, TrainingRows
from skmtl.training._device import Precision, autocast, resolve_device, scoring_device
from skmtl.training._epoch import Epoch, Monitor
from skmtl.training._loop import Trainer
from skmtl.training._objective import Objective
from skmtl.training._options import BalanceAt, Schedule, TrainingOptions
from skmtl.training._processes import Processes, current_processes, together
from skmtl.training._recording import current_record, recording_transfer
from skmtl.training._representation import Representation
from skmtl.training._run import TrainingRun
from skmtl.training._scoring import SCORING_ROWS, in_batches
from skmtl.training._stored import SampleFiles, StoredSamples
from skmtl.training._threads import torch_threads
from skmtl.training._traces import without_traces
from skmtl.training._transfer import TransferRecord
from skmtl.training._trunk import look_ahead, trunk_gradients, trunk_parameters

__all__ = [
    "SCORING_ROWS",
    "BalanceAt",
    "Epoch",
    "Monitor",
    "Objective",
    "Precision",
    "Processes",
    "Representation",
    "SampleFiles",
    "Samples",
    "Schedule",
    "StoredSamples",
    "Trainer",
    "TrainingOptions",
    "TrainingRows",
    "TrainingRun",
    "TransferRecord",
    "autocast",
    "current_processes",
    "current_record",
    "in_batches",
    "look_ahead",
    "recording_transfer",
    "resolve_device",
    "scoring_device",
    "together",
    "torch_threads",
    "trunk_gradients",
    "trunk_parameters",
    "without_traces",
]
