"""Nets of several outputs, and of outputs that only help in training."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss, r2_score

from skconv import BatchIterator
from skconv.layers import DenseLayer, InputLayer
from skconv.nonlinearities import linear, sigmoid, softmax

from .iris_nets import LAYERS, assert_same_weights, small

SEVERAL = [
    ("input", InputLayer),
    ("hidden", DenseLayer),
    ("kind", DenseLayer),
    (DenseLayer, {"name": "first", "incoming": "hidden"}),
    (DenseLayer, {"name": "length", "incoming": "hidden"}),
]


def several(**params):
    given = {
        "layers": SEVERAL,
        "outputs": ["kind", "first", "length"],
        "regression": {"length": True},
        "first_num_units": 1,
        "max_epochs": 60,
    }
    return small(**given | params)


def listed(classes):
    return [None if labels is None else labels.tolist() for labels in classes]


@pytest.fixture(scope="module")
def targets(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    return {"kind": names, "first": y == 0, "length": X[:, 0].astype(np.float64)}


class TestSeveral:
    def test_labels_and_numbers_are_learnt_at_once(self, iris, targets):
        X, _ = iris
        net = several().fit(X, targets)
        kind, first, length = net.predict(X)
        assert (kind.dtype.kind, first.dtype, length.dtype) == ("U", bool, np.float64)
        scores = [
            accuracy_score(targets["kind"], kind),
            accuracy_score(targets["first"], first),
            r2_score(targets["length"], length),
        ]
        assert min(scores) > 0.9
        assert net.score(X, targets) == pytest.approx(np.mean(scores))
        ends = [net.layers_[name].nonlinearity for name in ("kind", "first", "length")]
        assert ends == [softmax, sigmoid, linear]

    def test_digits_with_their_parity_and_ink(self):
        X, digit = load_digits(return_X_y=True)
        y = {"kind": digit, "first": np.array(["even", "odd"])[digit % 2], "length": X.mean(axis=1)}
        net = several(max_epochs=15, output_weights={"length": 0.1}, hidden_num_units=50)
        X = (X / 16).astype(np.float32)
        net.fit(X[:1200], {name: part[:1200] for name, part in y.items()})
        kind, first, length = net.predict(X[1200:])
        assert accuracy_score(y["kind"][1200:], kind) > 0.85
        assert accuracy_score(y["first"][1200:], first) > 0.9
        assert r2_score(y["length"][1200:], length) > 0.9

    def test_probabilities_are_in_the_order_of_the_outputs(self, iris, targets):
        X, _ = iris
        net = several(max_epochs=2).fit(X, targets)
        assert isinstance(net.predict(X), list)
        assert isinstance(net.predict_proba(X), list)
        kind, first, length = net.predict_proba(X)
        assert (kind.shape, first.shape, length) == ((150, 3), (150, 2), None)
        names = ["setosa", "versicolor", "virginica"]
        assert listed(net.classes_) == [names, [False, True], None]
        np.testing.assert_array_equal(net.classes_[0][kind.argmax(1)], net.predict(X)[0])

    def test_every_form_of_y_gives_the_same_net(self, iris, targets):
        X, _ = iris
        net = several(max_epochs=2).fit(X, targets)
        in_order = tuple(targets[name] for name in net.outputs)
        columns = np.stack([y.astype(object) for y in in_order], axis=1)
        for y in (in_order, list(in_order), pd.DataFrame(targets), columns):
            assert_same_weights(clone(net).fit(X, y), net)
            assert net.score(X, y) == net.score(X, targets)
        assert net.score(X, net.predict(X)) == 1.0

    def test_rows_for_validation(self, iris, targets):
        X, _ = iris
        held = {name: y[100:] for name, y in targets.items()}
        net = several(max_epochs=3, verbose=0)
        net.fit(X[:100], {n: y[:100] for n, y in targets.items()}, X_val=X[100:], y_val=held)
        last, (kind, first, length) = net.train_history_[-1], net.predict(X[100:])
        assert last["valid_accuracy_kind"] == pytest.approx(np.mean(kind == held["kind"]))
        assert last["valid_accuracy_first"] == pytest.approx(np.mean(first == held["first"]))
        both = last["valid_accuracy_kind"] + last["valid_accuracy_first"]
        assert last["valid_accuracy"] == pytest.approx(both / 2)
        mse = np.mean((length - held["length"]) ** 2)
        assert last["valid_loss_length"] == pytest.approx(mse, rel=1e-4)
        parts = [last[f"valid_loss_{name}"] for name in net.outputs]
        assert last["valid_loss"] == pytest.approx(sum(parts), rel=1e-5)
        assert "valid_accuracy_length" not in last

    def test_copies_and_pickles(self, iris, targets):
        X, _ = iris
        net = several(max_epochs=2, output_weights={"first": 0.5}).fit(X, targets)
        for copied in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
            for one, other in zip(copied.predict(X), net.predict(X), strict=True):
                np.testing.assert_array_equal(one, other)
        assert clone(net).get_params()["output_weights"] == {"first": 0.5}
        assert_same_weights(clone(net).fit(X, targets), net)

    def test_partial_fit_knows_classes_that_come_later(self, iris, targets):
        X, y = iris
        some = {name: part[y > 0] for name, part in targets.items()}
        classes = {"kind": ["setosa", "versicolor", "virginica"], "first": [False, True]}
        net = several().partial_fit(X[y > 0], some, classes=classes)
        assert net.partial_fit(X, targets).classes_[1].tolist() == [False, True]

    def test_initialize_needs_no_data(self):
        sizes = {"input_shape": (None, 4), "kind_num_units": 3, "length_num_units": 2}
        net = several(**sizes).initialize()
        kind, first, length = net.predict(np.zeros((5, 4)))
        assert (kind.shape, first.shape, length.shape) == ((5,), (5,), (5, 2))
        assert listed(net.classes_) == [[0, 1, 2], [0, 1], None]

    def test_what_users_write_gets_tuples(self, iris, targets):
        seen = []

        def look(name, result):
            def function(*args):
                seen.append((name, [len(arg) for arg in args if isinstance(arg, tuple)]))
                return result(*args)

            return function

        class Iterator(BatchIterator):
            def transform(self, Xb, yb):
                seen.append(("transform", [] if yb is None else [len(yb)]))
                return Xb, yb

        def halves(X, y, net):
            seen.append(("split", [len(y)]))
            return X[:75], X[75:], tuple(t[:75] for t in y), tuple(t[75:] for t in y)

        net = several(
            augment=look("augment", lambda key, Xb, yb: (Xb, yb)),
            scores_train=[("mine", look("train", lambda p, t: p[2][:, 0]))],
            scores_valid=[("yours", look("valid", lambda p, t: p[2][:, 0]))],
            custom_scores=[("ours", look("custom", lambda t, p: float(p[2].mean())))],
            batch_iterator_train=Iterator(16),
            train_split=halves,
            max_epochs=1,
        )
        net.fit(iris[0], targets)
        assert dict(seen) == {
            "augment": [3],
            "train": [3, 3],
            "valid": [3, 3],
            "custom": [3, 3],
            "transform": [3],
            "split": [3],
        }
        row, length = net.train_history_[0], net.predict(iris[0][75:])[2]
        assert row["yours"] == pytest.approx(length.mean(), rel=1e-4)
        assert row["ours"] == pytest.approx(length.mean(), rel=1e-4)

    def test_training_cannot_go_on_with_other_outputs(self, iris, targets):
        net = several(max_epochs=1, warm_start=True).fit(iris[0], targets)
        net.set_params(outputs=["first", "kind", "length"])
        with pytest.raises(
            ValueError,
            match="outputs must stay the same while training continues, got",
        ):
            net.fit(iris[0], targets)

    def test_another_layer_may_be_the_one_output(self, iris):
        late = (DenseLayer, {"name": "hidden", "incoming": "input"})
        layers = [LAYERS[0], (DenseLayer, {"name": "output", "incoming": "hidden"}), late]
        net = small(layers=layers, outputs="output", train_split=None).fit(*iris)
        assert net.predict(iris[0]).shape == (150,)
        plain = small(train_split=None).fit(*iris)
        expected = plain.predict_proba(iris[0])
        np.testing.assert_allclose(net.predict_proba(iris[0]), expected, atol=1e-5)


class TestAuxiliary:
    LAYERS = [*LAYERS, (DenseLayer, {"name": "early", "incoming": "hidden"})]

    def net(self, weight=0.3, **params):
        params = {"layers": self.LAYERS, "outputs": "output", "max_epochs": 5} | params
        return small(aux_outputs={"early": weight}, **params)

    def test_they_get_units_and_nonlinearity_as_the_output_does(self, iris):
        net = self.net().fit(*iris)
        assert net.layers_["early"].output_shape == (None, 3)
        assert net.layers_["early"].nonlinearity is softmax

    def test_they_are_trained_but_never_predicted_or_validated(self, iris):
        X, y = iris
        net = self.net(max_epochs=30).fit(X, y, X_val=X, y_val=y)
        assert (net.get_output("early", X).argmax(1) == y).mean() > 0.9
        assert net.predict_proba(X).shape == (150, 3)
        row = net.train_history_[-1]
        assert row["valid_loss"] == pytest.approx(log_loss(y, net.predict_proba(X)), rel=1e-4)
        assert "valid_loss_early" not in row

    def test_without_weight_they_teach_nothing(self, iris):
        plain = small(max_epochs=5).fit(*iris)
        found = {w: self.net(w).fit(*iris).layers_["hidden"].W.get_value() for w in (0.0, 0.3)}
        np.testing.assert_allclose(found[0.0], plain.layers_["hidden"].W, rtol=1e-4, atol=1e-6)
        assert abs(found[0.3] - found[0.0]).max() > 1e-3

    def test_the_output_is_the_last_layer_where_none_is_named(self, iris):
        layers = [*LAYERS[:2], ("early", DenseLayer), (DenseLayer, {"name": "output"})]
        net = self.net(layers=layers, outputs=None, output_incoming="hidden", max_epochs=30)
        assert net.fit(*iris).score(*iris) > 0.9

    def test_they_help_the_first_of_several_outputs(self, iris, targets):
        layers = [*SEVERAL, (DenseLayer, {"name": "early", "incoming": "input"})]
        net = several(layers=layers, aux_outputs={"early": 0.3}).fit(iris[0], targets)
        assert net.layers_["early"].output_shape == (None, 3)
        assert len(net.predict(iris[0])) == 3
        own = {key for key in net.train_history_[0] if key.startswith("valid_loss_")}
        assert own == {f"valid_loss_{name}" for name in ("best", "first", "kind", "length")}
