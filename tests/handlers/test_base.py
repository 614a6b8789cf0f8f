import inspect

import pytest

from skconv import handlers
from skconv.handlers import Handler, RememberBestWeights, RestoreBestWeights

CLASSES = [getattr(handlers, name) for name in handlers.__all__ if name != "Handler"]


def made(cls):
    needed = {
        "path": "weights.npz",
        "name": "update_learning_rate",
        "seconds": 1.0,
        "layers": "*",
    }
    if cls is RestoreBestWeights:
        return cls(RememberBestWeights())
    parameters = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in needed.items() if name in parameters})


@pytest.mark.parametrize("cls", CLASSES)
def test_every_handler_takes_the_net_and_its_history(cls):
    assert issubclass(cls, Handler)
    assert list(inspect.signature(made(cls)).parameters) == ["net", "train_history"]


@pytest.mark.parametrize("cls", CLASSES)
def test_a_reset_handler_is_as_new(cls):
    handler, new = made(cls), made(cls)
    for name, value in vars(handler).items():
        if name not in inspect.signature(cls).parameters and not isinstance(value, Handler):
            setattr(handler, name, "something seen")
    handler.reset()
    plain = {k: v for k, v in vars(new).items() if not isinstance(v, Handler)}
    assert {name: vars(handler)[name] for name in plain} == plain
