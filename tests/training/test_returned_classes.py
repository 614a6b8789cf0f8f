import copy

import jax.numpy as jnp
import numpy as np
import pytest

from skconv.data.iterators import BatchIterator
from skconv.errors import TransformError
from skconv.layers import DenseLayer, InputLayer

from ..nets import X, make_net, softmax_of, still_net, y

ROWS = X[:, :3]


class Changing(BatchIterator):
    def __init__(self, batch_size, change):
        super().__init__(batch_size)
        self.change = change

    def transform(self, Xb, yb):
        return Xb, None if yb is None else self.change(yb)


@pytest.fixture(scope="module")
def fitted():
    return still_net().fit(ROWS, y)


BAD = [
    (lambda y: y + 1, "classes from 0 to 2, got 3"),
    (lambda y: y - 1, "classes from 0 to 2, got -1"),
    (lambda y: np.eye(4, dtype=np.float32)[y], "probabilities of 3 classes, got 4"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_iterators_must_return_classes_of_the_output(fitted, change, message):
    model = fitted._model
    for name in ("batch_iterator_train", "batch_iterator_test"):
        net = copy.copy(fitted).set_params(**{name: Changing(16, change)})
        expected = f"^{name}: Changing.transform must return {message}"
        with pytest.raises(ValueError, match=expected):
            net.fit(ROWS, y, X_val=ROWS, y_val=y)
        assert net._model is model


@pytest.mark.parametrize(("change", "message"), BAD[:2])
def test_transforms_must_return_classes_of_the_output(change, message):
    def shift(key, Xb, yb):
        return Xb, change(yb)

    with pytest.raises(TransformError, match=rf"^augment\[0\] \(shift\) must return {message}$"):
        still_net(augment=shift).fit(ROWS, y)


def test_ignored_and_swapped_classes_may_be_returned():
    holes = np.where(np.arange(40) < 10, -1, y)

    def swap(key, Xb, yb):
        return Xb, jnp.where(yb == 1, 2, yb)

    on_host = Changing(16, lambda yb: np.where(yb == 1, 2, yb))
    for given in ({"augment": swap}, {"batch_iterator_train": on_host}):
        net = still_net(ignore_label=-1, objective_l2=0.0, **given).fit(ROWS, holes)
        known = holes >= 0
        z = ROWS[known].astype(float)
        swapped = np.where(holes[known] == 1, 2, holes[known])
        losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), swapped]
        assert net.train_history_[0]["train_loss"] == pytest.approx(losses.mean(), rel=1e-5)


@pytest.mark.parametrize("host", [True, False])
def test_targets_may_be_ignored_by_a_transform_alone(host):
    """Also if y has no target to ignore."""

    def leave_out(key, Xb, yb):
        return Xb, jnp.where(yb == 1, -1, yb)

    on_host = Changing(16, lambda yb: np.where(yb == 1, -1, yb))
    given = {"batch_iterator_train": on_host} if host else {"augment": leave_out}
    net = still_net(ignore_label=-1, objective_l2=0.0, **given)
    if host:
        net.set_params(batch_iterator_test=on_host)
    (row,) = net.fit(ROWS, y, X_val=ROWS, y_val=y).train_history_
    losses = -np.log(softmax_of(ROWS)[np.arange(40), y])
    assert row["train_loss"] == pytest.approx(losses[y != 1].mean(), rel=1e-5)
    validated = y != 1 if host else y >= 0
    assert row["valid_loss"] == pytest.approx(losses[validated].mean(), rel=1e-5)


def test_each_output_may_ignore_targets_or_not():
    def left_out(i):
        return lambda yb: tuple(0 * own - 1 if at == i else own for at, own in enumerate(yb))

    layers = [(DenseLayer, {"name": name, "incoming": "input"}) for name in ("a", "b")]
    net = make_net(layers=[("input", InputLayer), *layers], outputs=["a", "b"], max_epochs=0)
    net.set_params(ignore_label={"a": -1}, batch_iterator_test=Changing(16, left_out(0)))
    net.fit(ROWS, {"a": y, "b": y})
    net.set_params(batch_iterator_test=Changing(16, left_out(1)))
    with pytest.raises(ValueError, match=r"test: .* must return classes from 0 to 2, got -1"):
        net.fit(ROWS, {"a": y, "b": y})
