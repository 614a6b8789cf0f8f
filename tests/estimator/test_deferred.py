import pytest
from sklearn.exceptions import NotFittedError

from skconv.estimator.deferred import DeferredFit, defer, deferring
from tests.nets import X, make_net, y


def test_nets_wait_within_and_are_fitted_outside():
    net = make_net(max_epochs=3)
    with deferring(net) as calls:
        assert net.fit(X, y) is net
        net.fit(X, y, epochs=5)
        other = make_net(max_epochs=1).fit(X, y)
    assert [(call.net, call.epochs, call.continues) for call in calls] == [
        (net, 3, False),
        (net, 5, False),
    ]
    assert calls[0].arguments.X is X
    assert len(other.train_history_) == 1
    with pytest.raises(NotFittedError):
        net.predict(X)
    assert not defer(DeferredFit(net, None, 1, False))


def test_an_error_ends_the_waiting():
    with pytest.raises(ZeroDivisionError), deferring(make_net()):
        raise ZeroDivisionError
    assert not defer(DeferredFit(None, None, 1, False))


def test_a_training_that_goes_on_says_so():
    net = make_net(max_epochs=1).fit(X, y)
    with deferring(net) as calls:
        net.partial_fit(X, y)
    assert calls[0].continues
