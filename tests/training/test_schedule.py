import math
from itertools import pairwise

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from sightline.training.schedule import Schedule


@given(steps=st.integers(10, 300), warm_up=st.floats(0.1, 0.9))
def test_one_cycle_is_torchs(steps: int, warm_up: float) -> None:
    assume(warm_up * steps > 1.01)  # torch divides by nothing there
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=1.0, total_steps=steps, pct_start=warm_up
    )
    ours = Schedule(kind="one-cycle", warm_up=warm_up)
    for step in range(steps):
        assert math.isclose(ours.factor(step, steps), theirs.get_last_lr()[0], abs_tol=1e-9)
        optimiser.step()
        if step < steps - 1:
            theirs.step()


@given(steps=st.integers(20, 500), warm_up=st.floats(0, 0.5), floor=st.floats(0, 0.5))
def test_cosine_goes_up_in_a_line_and_down_to_its_floor(
    steps: int, warm_up: float, floor: float
) -> None:
    schedule = Schedule(kind="cosine", warm_up=warm_up, floor=floor)
    rates = [schedule.factor(step, steps) for step in range(steps)]
    up = round(warm_up * steps)
    assert rates[:up] == pytest.approx([(step + 1) / up for step in range(up)])
    assert max(rates) == pytest.approx(1.0)
    assert all(after <= before + 1e-12 for before, after in pairwise(rates[up:]))
    assert min(rates[up:]) >= floor - 1e-12
    assert rates[-1] - floor < 0.05
    middle = up + (steps - up) / 2
    if middle == int(middle):
        assert rates[int(middle)] == pytest.approx((1 + floor) / 2)


def test_constant_stays_at_its_rate_after_the_way_up() -> None:
    schedule = Schedule(kind="constant", warm_up=0.2)
    rates = [schedule.factor(step, 10) for step in range(10)]
    assert rates == [0.5] + [1.0] * 9
