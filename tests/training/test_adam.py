"""Adam takes the same steps as torch's optimizers."""

from __future__ import annotations

import pytest
import torch

from skmtl._adam import Adam


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    ("reference", "decoupled"), [(torch.optim.Adam, False), (torch.optim.AdamW, True)]
)
def test_it_takes_the_steps_of_torch(reference, decoupled, fused):
    generator = torch.Generator().manual_seed(0)
    starts = [torch.randn(shape, generator=generator) for shape in [(3, 2), (4,), ()]]
    ours, theirs = ([start.clone() for start in starts] for _ in range(2))
    adam = Adam(ours, 0.1, weight_decay=0.2, decoupled=decoupled, fused=fused)
    expected = reference(theirs, lr=0.1, weight_decay=0.2, fused=fused)
    for step in range(6):
        adam.learning_rate = expected.param_groups[0]["lr"] = 0.1 / (1 + step)
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            # The second one sometimes has no gradient, and is unchanged then.
            has_gradient = place != 1 or step % 2 == 1
            gradient = torch.randn(one.shape, generator=generator) if has_gradient else None
            one.grad, other.grad = gradient, gradient
        adam.step()
        expected.step()
        for one, other in zip(ours, theirs, strict=True):
            assert torch.equal(one, other)
    assert not torch.equal(ours[1], starts[1])


def test_without_any_gradient_nothing_moves():
    parameter = torch.ones(2)
    Adam([parameter], 0.1, weight_decay=1.0).step()
    assert parameter.tolist() == [1.0, 1.0]
