"""Gradient balancers: properties that all of them share, known answers, and TorchJD's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from skmtl.balancing import (
    BALANCERS,
    IMTLG,
    MGDA,
    AlignedMTL,
    CAGrad,
    GradientBalancer,
    GradVac,
    NashMTL,
    PCGrad,
    StatelessGradientBalancer,
    UPGrad,
)

EACH = {name: one for name, one in BALANCERS.items() if isinstance(one, GradientBalancer)} | {
    "cagrad_1": CAGrad(c=1.0)
}
SYMMETRIC = [name for name, one in EACH.items() if isinstance(one, StatelessGradientBalancer)]
HARMLESS = ["upgrad", "cagrad_1", "mgda", "imtl_g", "nash_mtl"]
each = pytest.mark.parametrize("name", EACH)
few = settings(max_examples=25, deadline=None)


def normal(seed, n_tasks=None, n_params=None):
    """Gradients in any number of dimensions, some of them much longer than others."""
    rng = np.random.default_rng(seed)
    n_tasks = n_tasks or rng.integers(1, 7)
    matrix = rng.normal(size=(n_tasks, n_params or rng.integers(n_tasks, 12)))
    return torch.from_numpy(matrix * 10 ** rng.uniform(-1, 1, (n_tasks, 1)))


matrices = st.integers(0, 2**32 - 1).map(normal)


def degenerate(seed):
    """Parallel, opposite and dependent gradients, exactly or but for rounding."""
    rng = np.random.default_rng(seed)
    n_tasks, rank = rng.integers(2, 7), rng.integers(1, 3)
    matrix = rng.integers(-2, 3, (n_tasks, rank)) @ rng.normal(size=(rank, 5))
    noise = rng.choice([0, 1e-12, 1e-7, 1e-4]) * rng.normal(size=matrix.shape)
    return torch.from_numpy((matrix + noise) * 10 ** rng.uniform(-3, 3, (n_tasks, 1)))


@each
@given(matrix=st.integers(0, 2**32 - 1).map(degenerate))
@settings(max_examples=100, deadline=None)
def test_dependent_gradients_give_a_finite_step(name, matrix):
    step = EACH[name](matrix)
    assert torch.isfinite(step).all()
    # Aligning, vaccines and impartiality may lengthen; but nothing explodes.
    assert step.norm() <= 1e3 * matrix.norm(dim=1).sum() + 1e-9


@each
@pytest.mark.parametrize("angle", [1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("opposite", [False, True])
def test_gradients_that_are_nearly_the_same_or_opposite(name, angle, opposite):
    sign = -1.0 if opposite else 1.0
    matrix = torch.tensor([[1.0, 0.0], [sign * np.cos(angle), np.sin(angle)]], dtype=torch.float64)
    step = EACH[name](matrix)
    assert torch.isfinite(step).all()
    assert step.norm() < 3
    if not opposite and name != "aligned_mtl":
        torch.testing.assert_close(step / step.norm(), matrix[0], rtol=0, atol=2 * angle + 1e-9)


@each
@given(matrix=matrices)
@few
def test_a_zero_row_has_no_say(name, matrix):
    zero = torch.zeros_like(matrix[:1])
    step = EACH[name](torch.cat([matrix[:1], zero, matrix[1:]]))
    if name in SYMMETRIC:
        torch.testing.assert_close(step, EACH[name](matrix))
    assert torch.isfinite(step).all()
    assert not EACH[name](zero.repeat(3, 1)).any()


@each
@given(matrix=matrices)
@few
def test_the_unit_of_all_losses_does_not_matter(name, matrix):
    torch.testing.assert_close(EACH[name](1e3 * matrix), 1e3 * EACH[name](matrix))


@each
def test_one_task_alone_is_learnt_as_it_is(name):
    matrix = torch.tensor([[3.0, -4.0]])
    torch.testing.assert_close(EACH[name](matrix), matrix[0], rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", SYMMETRIC)
@given(matrix=matrices, data=st.data())
@few
def test_the_order_of_the_tasks_does_not_matter(name, matrix, data):
    order = data.draw(st.permutations(range(len(matrix))))
    torch.testing.assert_close(EACH[name](matrix[list(order)]), EACH[name](matrix))


@pytest.mark.parametrize("name", HARMLESS)
@given(matrix=matrices)
@few
def test_no_task_is_worsened_where_that_is_promised(name, matrix):
    step = EACH[name](matrix)
    gains = matrix @ step / matrix.norm(dim=1)
    assert gains.min() >= -1e-6 * step.norm() - 1e-12


@pytest.mark.parametrize("name", ["imtl_g", "nash_mtl"])
@given(matrix=matrices)
@few
def test_the_direction_does_not_depend_on_the_scales(name, matrix):
    scale = torch.logspace(-2, 2, len(matrix), dtype=matrix.dtype)[:, None]
    one, other = (EACH[name](each) for each in (matrix, scale * matrix))
    torch.testing.assert_close(one / one.norm(), other / other.norm(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["pcgrad", "gradvac", "upgrad"])
@given(matrix=matrices)
@few
def test_without_conflict_the_gradients_are_added_up(name, matrix):
    matrix = matrix.abs()
    torch.testing.assert_close(EACH[name](matrix), matrix.sum(dim=0))


@given(matrix=st.integers(0, 2**32 - 1).map(lambda seed: normal(seed, 2)))
@few
def test_two_tasks_have_closed_forms(matrix):
    one, two = matrix
    share = float(((two - one) @ two / (two - one).square().sum()).clamp(0, 1))
    torch.testing.assert_close(MGDA()(matrix), 2 * (share * one + (1 - share) * two))

    bisector = one / one.norm() + two / two.norm()
    impartial = IMTLG()(matrix)
    torch.testing.assert_close(impartial / impartial.norm(), bisector / bisector.norm())

    cosine = torch.cosine_similarity(one, two, dim=0)
    mean_square = matrix.square().sum(dim=1).mean()
    ridge = 1e-7  # as documented; it is felt where the two are nearly opposite
    nash = bisector / (1 + ridge + cosine).sqrt() * mean_square.sqrt()
    torch.testing.assert_close(NashMTL()(matrix), nash, rtol=1e-5, atol=1e-7)

    surgery = one + two
    if one @ two < 0:
        surgery = surgery - one @ two * (one / one.square().sum() + two / two.square().sum())
    for balancer in (PCGrad(), UPGrad(), GradVac()):
        torch.testing.assert_close(balancer(matrix), surgery)


def test_orthogonal_gradients_are_aligned_to_the_shortest():
    matrix = torch.diag(torch.tensor([1.0, 2.0, 5.0]))
    torch.testing.assert_close(AlignedMTL()(matrix), torch.ones(3))


@given(matrix=matrices)
@few
def test_nash_is_the_bargain(matrix):
    """G a = 1 / a, in units of the mean square, with the documented ridge on the cosines."""
    gram = matrix @ matrix.T
    gram = (gram / gram.diagonal().mean()).numpy()
    weights = NashMTL().weights(gram)
    assert (weights > 0).all()
    gram += 1e-7 * np.diag(gram.diagonal())  # felt where gradients nearly cancel
    np.testing.assert_allclose(gram @ weights, 1 / weights, rtol=1e-6)


@given(matrix=matrices, c=st.floats(0.05, 2))
@few
def test_cagrad_is_the_best_for_the_worst_task_within_its_ball(matrix, c):
    """What the worst task gains is the bound that the weights give, so nothing is better."""
    gram = (matrix @ matrix.T).numpy()
    gram /= gram.diagonal().mean()
    length = c * np.sqrt(gram.mean())  # of the way from the mean
    n = len(gram)
    weights = CAGrad(c=c).weights(gram) * (1 + c) / n
    way = weights - 1 / n
    assert np.sqrt(way @ gram @ way) <= length * (1 + 1e-5)
    w = way / way.sum()
    assert w.min() >= -1e-9
    bound = gram.mean(axis=0) @ w + length * np.sqrt(w @ gram @ w)
    assert (gram @ weights).min() >= bound - 1e-5


def test_cagrad_without_room_is_the_sum():
    matrix = normal(0, 3, 5)
    torch.testing.assert_close(CAGrad(c=0.0)(matrix), matrix.sum(dim=0))


def test_gradvac_asks_for_the_usual_cosine():
    """After many steps with one cosine, gradients that are less alike are turned to it."""
    rng = np.random.default_rng(0)
    weigh = GradVac(decay=0.5).start(2, rng)
    usual = np.array([[1.0, 0.8], [0.8, 1.0]])
    for _ in range(60):
        np.testing.assert_allclose(weigh(usual, np.arange(2)), 1.0, atol=1e-9)
    one, two = np.array([2.0, 0.0]), np.array([0.6, 0.8])
    matrix = np.stack([one, two])
    weights = weigh(matrix @ matrix.T, np.arange(2))
    turned = [one + (weights[1] - 1) * two, two + (weights[0] - 1) * one]
    cosines = [
        turned[0] @ two / np.linalg.norm(turned[0]),
        turned[1] @ one / np.linalg.norm(turned[1]) / 2,
    ]
    np.testing.assert_allclose(cosines, 0.8, atol=1e-6)


class LeastSquares:
    """A projector for TorchJD's UPGrad that needs no quadprog; minimises by L-BFGS-B."""

    def __call__(self, wanted, gram):
        gram = gram.double().numpy()

        def project(u):
            found = minimize(
                lambda v: (v @ gram @ v, 2 * gram @ v),
                u,
                jac=True,
                bounds=[(low, None) for low in u],
                options={"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-10},
            )
            return found.x

        return torch.from_numpy(np.stack([project(u) for u in wanted.double().numpy()]))


@pytest.mark.parametrize("seed", range(6))
def test_torchjd_says_the_same(seed):
    """Its steps are means where ours are sums; IMTL-G's weights sum to 1, perhaps negatively."""
    theirs = pytest.importorskip("torchjd.aggregation")
    n_tasks = 2 + seed % 4
    matrix = normal(seed, n_tasks, 8)
    matrix = matrix / matrix.norm(dim=1).mean()

    def agree(ours, other):
        torch.testing.assert_close(ours, other, rtol=1e-4, atol=1e-4)

    agree(MGDA()(matrix), n_tasks * theirs.MGDA(epsilon=1e-9, max_iters=20_000)(matrix))
    agree(AlignedMTL()(matrix), n_tasks * theirs.AlignedMTL()(matrix))
    upgrad = theirs.UPGrad(projector=LeastSquares())
    agree(UPGrad()(matrix), n_tasks * upgrad(matrix))
    ours, other = IMTLG()(matrix), theirs.IMTLG()(matrix)
    agree(ours / ours.norm(), other / other.norm() * torch.sign(ours @ other))
    if n_tasks == 2:  # the order of more is drawn by chance
        agree(PCGrad()(matrix), theirs.PCGrad()(matrix))


def test_torchjd_remembers_the_same_cosines():
    """Of two tasks, for which the order of the turns does not matter."""
    theirs = pytest.importorskip("torchjd.aggregation").GradVac(beta=0.2)
    weigh = GradVac(decay=0.2).start(2, np.random.default_rng(0))
    for seed in range(8):
        matrix = normal(seed, 2, 3)
        weights = weigh((matrix @ matrix.T).numpy(), np.arange(2))
        torch.testing.assert_close(
            torch.from_numpy(weights) @ matrix, theirs(matrix), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CAGrad(c=-1), r"CAGrad: c=-1 must be a number in \[0, inf\)"),
        (lambda: GradVac(decay=2), r"GradVac: decay=2 must be a number in \[0, 1\]"),
    ],
    ids=["cagrad", "gradvac"],
)
def test_parameters_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
