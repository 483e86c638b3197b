import torch
from torch import nn

from sightline.training.average import MovingAverage


def test_the_average_is_that_of_the_formula() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = MovingAverage(model, decay=0.5)
    expected = model.weight.item()
    for number, value in enumerate((3.0, -1.0, 10.0, 2.0)):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update(model)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * value
        assert abs(average.model.weight.item() - expected) < 1e-6


def test_the_average_has_its_own_weights_and_the_newest_statistics() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = MovingAverage(model, decay=0.99)
    before = average.model[0].weight.clone()
    with torch.no_grad():
        model[0].weight.add_(1.0)
    torch.testing.assert_close(average.model[0].weight, before)
    model(torch.randn(8, 2))
    average.update(model)
    torch.testing.assert_close(average.model[1].running_mean, model[1].running_mean)
    assert not average.model.training
    assert not any(weight.requires_grad for weight in average.model.parameters())


def test_an_average_that_goes_on_decays_as_if_never_stopped() -> None:
    model = nn.Linear(1, 1)
    whole = MovingAverage(model, decay=0.99)
    for _ in range(5):
        whole.update(model)
    resumed = MovingAverage(model, decay=0.99, updates=5)
    resumed.model.load_state_dict(whole.model.state_dict())
    with torch.no_grad():
        model.weight.fill_(4.0)
    for average in (whole, resumed):
        average.update(model)
    torch.testing.assert_close(whole.model.weight, resumed.model.weight, rtol=0, atol=0)
