"""The bias of values with dropout of attention weights."""

from __future__ import annotations

import pytest
import torch

from skmtl.networks import MaskedBlock, initialise, seed_dropout


@pytest.mark.parametrize("feature_attention", [False, True])
def test_the_bias_goes_with_the_weights_that_are_dropped(feature_attention):
    block = MaskedBlock(4, 1, 8, 0.5, 0.0, "both", feature_attention)
    generator = torch.Generator().manual_seed(0)
    initialise(block, generator)
    torch.nn.init.zeros_(block.key_value.weight)  # all that is read is the bias
    torch.nn.init.ones_(block.key_value.bias)
    features = torch.rand(1, 3, 4, generator=generator)
    tasks = torch.rand(1, 2, 4, generator=generator)
    read = []
    block.out.register_forward_hook(lambda module, inputs, output: read.append(inputs[0].detach()))
    block.train()
    for seed in range(200):
        seed_dropout(block, torch.Generator().manual_seed(seed))
        block(features, tasks)
    of_tasks = torch.stack(read[:: 2 if feature_attention else 1])
    # Dropout doubles the remaining weights: their sum is 1 on average, and 0 if none remain.
    assert of_tasks.mean() == pytest.approx(1.0, abs=0.1)
    assert of_tasks.min() == 0.0 and of_tasks.max() == pytest.approx(2.0, abs=0.3)
    read.clear()
    block.eval()
    block(features, tasks)
    torch.testing.assert_close(read[0], torch.ones_like(read[0]))
