import inspect
import pickle

import pytest
from sklearn.base import clone

from skconv import NeuralNet, handlers
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
def test_every_handler_can_be_pickled_and_a_clone_has_its_own(cls):
    handler = made(cls)
    (own,) = clone(NeuralNet(on_epoch_finished=[handler])).on_epoch_finished
    for copy in (own, pickle.loads(pickle.dumps(handler))):
        assert type(copy) is cls
        assert copy is not handler
        assert plain(copy) == plain(handler)


def plain(handler):
    return {k: v for k, v in vars(handler).items() if not isinstance(v, Handler)}


@pytest.mark.parametrize("cls", CLASSES)
def test_a_reset_handler_is_as_new(cls):
    handler, new = made(cls), made(cls)
    for name, value in vars(handler).items():
        if name not in inspect.signature(cls).parameters and not isinstance(value, Handler):
            setattr(handler, name, "something seen")
    handler.reset()
    assert {name: vars(handler)[name] for name in plain(new)} == plain(new)
