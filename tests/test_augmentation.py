"""What augmentation means for a net as a whole."""

import functools
import pickle
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skconv import NeuralNet, compile_counts
from skconv.augment import (
    AlternatingFlip,
    CutMix,
    FiveCrop,
    GaussianNoise,
    MixUp,
    RandomFlip,
    Sometimes,
    TestTime,
    Transform,
)
from skconv.handlers import AdjustVariable
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, runtime, structural
from skconv.updates.rules import sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4)).astype(np.float32)
y = (X @ rng.normal(size=(4, 3))).argmax(axis=1)

make_net = functools.partial(
    NeuralNet,
    layers=[("input", InputLayer), ("output", DenseLayer)],
    update_learning_rate=0.1,
    batch_iterator_train=16,
    batch_iterator_test=16,
    train_split=None,
    max_epochs=2,
    random_state=0,
)


@dataclass(frozen=True)
class Shift(Transform):
    """Add a number, or take it away."""

    by: float = runtime(0.0, low=0.0)
    sign: int = structural(1)

    def __call__(self, key, Xb, yb):
        return Xb + self.sign * jnp.asarray(self.by, jnp.float32), yb


def mean_output(predictions, targets):
    return predictions.mean(axis=1)


seeing_net = functools.partial(
    make_net,
    update=sgd,
    update_learning_rate=0.0,
    regression=True,
    output_W=np.eye(4),
    scores_train=[("seen", mean_output)],
)
"""Predicts X as it sees it, and learns nothing."""


def seen(net, X=X):
    """Mean of X as training sees it, less what it is, by epoch."""
    return np.array([row["seen"] for row in net.fit(X, X).train_history_]) - X.mean(dtype=float)


def weights(net):
    return [p.get_value() for p in net.get_all_params()]


def assert_same(one, other, **tolerance):
    for found, expected in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(found, expected, **tolerance)


class TestStrengths:
    def test_other_strengths_compile_nothing(self):
        net = seeing_net(augment=[("shift", Shift(1.0)), Sometimes(1.0, Shift(0.0))])
        np.testing.assert_allclose(seen(net), 1.0, atol=1e-5)
        compiled = compile_counts()
        net.set_params(augment__shift__by=3.0)
        np.testing.assert_allclose(seen(net), 3.0, atol=1e-5)
        net.set_params(augment_shift_by=4)
        np.testing.assert_allclose(seen(net), 4.0, atol=1e-5)
        net.set_params(augment_1_transform_by=0.5)
        np.testing.assert_allclose(seen(clone(net)), 4.5, atol=1e-5)
        assert compile_counts() == compiled

    def test_keywords_prevail(self):
        net = seeing_net(augment=Shift(1.0), augment_0_by=2.0, max_epochs=1)
        np.testing.assert_allclose(seen(net), 2.0, atol=1e-5)

    def test_structure_is_part_of_the_program(self):
        net = seeing_net(augment=[("shift", Shift(1.0))], augment_shift_sign=-1, max_epochs=1)
        np.testing.assert_allclose(seen(net), -1.0, atol=1e-5)

    @pytest.mark.parametrize("name", ["augment_shift_by", "augment__shift__by"])
    def test_handlers_set_them_for_the_next_epoch(self, name):
        def handler(net, history):
            net.set_params(**{name: float(len(history))})

        net = seeing_net(augment=[("shift", Shift(5.0))], max_epochs=3)
        net.set_params(on_epoch_finished=handler)
        np.testing.assert_allclose(seen(net), [5, 1, 2], atol=1e-5)
        assert net.get_params()["augment__shift__by"] == 5.0
        assert "augment_shift_by" not in net.get_params()

    def test_schedules_are_those_of_any_number(self):
        handler = AdjustVariable("augment_shift_by", start=2.0, stop=4.0)
        net = seeing_net(augment=[("shift", Shift())], augment_shift_by=2.0, max_epochs=3)
        net.set_params(on_epoch_finished=handler)
        compiled = compile_counts()
        np.testing.assert_allclose(seen(net), [2, 3, 4], atol=1e-5)
        assert compile_counts() == compiled

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (
                {"augment_shift_by": -1.0},
                r"augment 'shift' \(Shift\): by must be a finite number >= 0.0, got -1.0",
            ),
            ({"augment__shift__sign": -1}, "augment must keep its transforms during training"),
            ({"augment": [max]}, "augment must keep its transforms during training"),
            ({"augment_shift_of": 1.0}, "'augment_shift_of'. Did you mean 'augment_shift_by'?"),
        ],
    )
    def test_handlers_that_make_no_sense_are_told(self, values, message):
        def handler(net, history):
            net.set_params(**values)

        net = seeing_net(augment=[("shift", Shift(5.0))], on_epoch_finished=handler)
        before = net.get_params()
        with pytest.raises(ValueError, match=message):
            net.fit(X, X)
        assert net.get_params() == before


class TestParameters:
    def test_they_follow_scikit_learn(self):
        shift = Shift(1.0)
        one, other = (make_net(augment=[("shift", shift), RandomFlip()]) for _ in range(2))
        assert one.set_params(augment__shift__by=2.0, augment__1__p=0.1) is one
        assert (shift.by, other.get_params()["augment__shift__by"]) == (1.0, 1.0)
        params = clone(one).get_params()
        assert (params["augment__shift__by"], params["augment__1__p"]) == (2.0, 0.1)
        assert "augment__shift__by" not in one.get_params(deep=False)
        assert pickle.loads(pickle.dumps(one)).get_params()["augment"] == one.augment
        one.set_params(augment__shift=RandomFlip(), augment__shift__p=0.3)
        assert one.augment[0] == ("shift", RandomFlip(0.3))

    def test_a_field_under_a_keyword_is_not_set_in_vain(self):
        net = make_net(augment=[("shift", Shift(1.0))], augment_shift_by=2.0)
        net.set_params(**net.get_params())
        message = "augment__shift__by would have no effect, because augment_shift_by=2.0 takes"
        with pytest.raises(ValueError, match=message):
            net.set_params(augment__shift__by=3.0)
        assert net.augment == [("shift", Shift(1.0))]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("augment_shift_bye", "'augment_shift_bye'. Did you mean 'augment_shift_by'?"),
            ("augment_shfit_by", "'augment_shfit_by'. Did you mean 'augment_shift_by'?"),
            ("augment__shift__bye", "Shift has no parameter 'bye'. Did you mean 'by'?"),
            ("augment__0__by", "augment has no transform '0'. Valid names: shift."),
            (
                "test_augment__n",
                "test_augment must have parameters to set test_augment__n, got None",
            ),
        ],
    )
    def test_unknown_names_set_nothing(self, name, message):
        net = make_net(augment=[("shift", Shift(1.0))])
        before = dict(vars(net))
        with pytest.raises(ValueError, match=message):
            net.set_params(max_epochs=7, **{name: 1})
        assert vars(net) == before
        if not name.count("__"):
            with pytest.raises(ValueError, match=message):
                make_net(augment=[("shift", Shift(1.0))], **{name: 1}).fit(X, y)

    def test_searches_compile_once(self):
        net = make_net(augment=[("noise", GaussianNoise(0.1))], max_epochs=1)
        net.fit(X, y).predict(X)
        compiled = compile_counts()
        grid = [
            {"neuralnet__augment__noise__sigma": [0.0, 0.2]},
            {"neuralnet__augment_noise_sigma": [9]},
        ]
        pipeline = make_pipeline(FunctionTransformer(), net)
        search = GridSearchCV(pipeline, grid, cv=2, refit=False)
        results = search.fit(X, y).cv_results_
        assert len(results["params"]) == 3
        assert np.isfinite(results["mean_test_score"]).all()
        assert compile_counts() == compiled

    def test_a_layer_may_not_have_the_prefix_of_a_transform(self):
        layers = [("input", InputLayer), ("augment_shift", DropoutLayer), ("output", DenseLayer)]
        message = (
            r"layer 'augment_shift' \(DropoutLayer\) has the prefix of the keywords of augment "
            r"'shift' \(Shift\); choose another name"
        )
        with pytest.raises(ValueError, match=message):
            make_net(layers=layers, augment=[("shift", Shift())]).fit(X, y)

    def test_all_faults_are_told_at_fit(self):
        net = make_net(augment=[Shift(-1.0), ("a__b", max)], test_augment=TestTime(FiveCrop(-1)))
        with pytest.raises(ValueError, match="3 problems") as caught:
            net.fit(X, y)
        for part in ("(Shift): by must be", "got 'a__b'", "(FiveCrop): pad must be"):
            assert part in str(caught.value)


IMAGES = [
    AlternatingFlip(),
    Sometimes(0.7, RandomFlip(axis="vertical")),
    GaussianNoise(0.1),
]


class TestDraws:
    X = rng.normal(size=(40, 1, 6, 6)).astype(np.float32)

    def net(self, **params):
        return make_net(augment=IMAGES, batch_iterator_train=8, max_epochs=4, **params)

    def test_they_do_not_depend_on_chunks(self, monkeypatch):
        whole = self.net().fit(self.X, y)
        monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 2)
        assert_same(self.net().fit(self.X, y), whole, rtol=1e-4, atol=1e-5)

    def test_training_that_goes_on_draws_on(self):
        whole = self.net().fit(self.X, y)
        parts = self.net(warm_start=True, on_epoch_finished=lambda net, history: None)
        parts.fit(self.X, y, epochs=1).fit(self.X, y, epochs=3)
        assert_same(parts, whole, rtol=1e-5, atol=1e-6)
        steps = self.net()
        for _ in range(4):
            steps = pickle.loads(pickle.dumps(steps.partial_fit(self.X, y)))
        assert_same(steps, whole, rtol=1e-5, atol=1e-6)

    def test_another_seed_draws_something_else(self):
        net = make_net(augment=[GaussianNoise(1.0)], max_epochs=1, output_W=0.0)
        one, same, other = (
            weights(clone(net).set_params(random_state=seed, batch_iterator_train=40).fit(X, y))
            for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(one[0], same[0])
        assert np.abs(one[0] - other[0]).max() > 1e-3

    @pytest.mark.parametrize("steps", [64, 2])
    def test_transforms_may_know_epochs_and_rows(self, steps, monkeypatch):
        @dataclass(frozen=True)
        class Known(Transform):
            needs_rows = True

            def __call__(self, key, Xb, yb, *, epoch, rows):
                right = Xb[:, 0] == rows.astype(jnp.float32)
                known = jnp.stack(
                    [right.astype(jnp.float32), jnp.full(len(Xb), epoch, jnp.float32)], axis=1
                )
                return known, yb

        monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", steps)
        numbered = np.c_[np.arange(40), np.zeros(40)]
        scores = [("right", lambda p, t: p[:, 0]), ("at", lambda p, t: p[:, 1])]
        net = seeing_net(augment=Known(), batch_iterator_train=7, output_W=np.eye(2))
        net.set_params(scores_train=scores, warm_start=True)
        history = net.fit(numbered, numbered).fit(numbered, numbered).train_history_
        assert [row["right"] for row in history] == [1] * 4
        np.testing.assert_allclose([row["at"] for row in history], range(4), atol=1e-6)


def target_sums(predictions, targets):
    assert targets.shape == predictions.shape
    return targets.sum(axis=1)


class TestMixing:
    def test_labels_become_probabilities_and_functions_before_see_them(self):
        shapes = []

        def look(key, Xb, yb):
            shapes.append((yb.shape, yb.dtype.name))
            return Xb, yb

        mixing = Sometimes(0.5, MixUp())
        net = make_net(augment=[look, mixing, look], scores_train=[("sum", target_sums)])
        names = np.array(["a", "b", "c"])[y]
        net.set_params(max_epochs=40, update_learning_rate=0.3).fit(X, names, X_val=X, y_val=names)
        assert set(shapes) == {((16,), "int32"), ((16, 3), "float32")}
        assert net.train_history_[0]["sum"] == pytest.approx(1, rel=1e-5)
        assert net.train_history_[-1]["valid_accuracy"] == net.score(X, names) > 0.8

    def test_the_loss_is_that_of_mixed_labels(self):
        def mixed(key, Xb, yb):
            rows = jax.nn.one_hot(yb, 3, dtype=jnp.float32)
            return 0.7 * Xb + 0.3 * Xb[::-1], 0.7 * rows + 0.3 * rows[::-1]

        net = make_net(augment=mixed, update=sgd, update_learning_rate=0.0, max_epochs=1)
        net.set_params(batch_iterator_train=40, output_W=np.eye(4, 3))
        row = net.fit(X, y).train_history_[0]
        order = np.random.default_rng([net._model.seed, 0]).permutation(40)
        one, rows = np.float64(X[order]), np.eye(3)[y[order]]
        logits = (0.7 * one + 0.3 * one[::-1])[:, :3]
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        expected = -((0.7 * rows + 0.3 * rows[::-1]) * log_p).sum(axis=1).mean()
        assert row["train_loss"] == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize(
        ("targets", "params"),
        [
            (y == 0, {"output_num_units": 1}),
            (np.eye(3, dtype=int)[y][:, :2], {}),
            (X[:, :2], {"regression": True}),
            (X[:, 0], {"regression": True}),
        ],
    )
    def test_other_targets_mix_as_they_are(self, targets, params):
        net = make_net(augment=[("mix", CutMix()), MixUp()], max_epochs=1, **params)
        history = net.fit(X.reshape(40, 1, 2, 2), targets).train_history_
        assert np.isfinite(history[0]["train_loss"])

    def test_several_outputs_mix_alike(self):
        layers = [
            ("input", InputLayer),
            ("kind", DenseLayer),
            (DenseLayer, {"name": "size", "incoming": "input"}),
        ]
        net = make_net(layers=layers, outputs=["kind", "size"], regression={"size": True})
        history = net.set_params(augment=MixUp()).fit(X, (y, X[:, 0])).train_history_
        assert np.isfinite(history[0]["train_loss"])

    def test_text_has_no_mean(self):
        net = make_net(augment=[("mix", MixUp())], regression=True)
        message = (
            r"y must hold numbers, because augment 'mix' \(MixUp\) mixes targets, got text: 'a'"
        )
        with pytest.raises(ValueError, match=message):
            net.fit(X, np.array(["a", "b"] * 20))


class TestPrediction:
    X = rng.normal(size=(40, 1, 6, 6)).astype(np.float32)

    def test_numbers_compile_nothing_and_rows_stand_alone(self):
        whole = TestTime([FiveCrop(pad=1), GaussianNoise(0.3)], n=10, combine="geometric")
        net = make_net().fit(self.X, y)
        plain = net.predict_proba(self.X)
        net.set_params(test_augment=whole)
        found = net.predict_proba(self.X)
        assert np.abs(found - plain).max() > 0.01
        np.testing.assert_allclose(net.predict_proba(self.X[7:20]), found[7:20], rtol=1e-5)
        np.testing.assert_array_equal(net.predict(self.X), found.argmax(axis=1))
        compiled = compile_counts()
        names = "test_augment__transforms__0__pad", "test_augment__transforms__1__sigma"
        net.set_params(**dict.fromkeys(names, 0.0))
        np.testing.assert_allclose(net.predict_proba(self.X), plain, rtol=1e-4)
        assert compile_counts() == compiled
        assert whole.transforms[1].sigma == 0.3

    def test_what_cannot_predict_is_told(self):
        net = make_net(max_epochs=0).fit(self.X, y)
        net.set_params(test_augment=TestTime(RandomFlip()))
        with pytest.raises(ValueError, match=r"test_augment \(TestTime\): n must be given"):
            net.predict(self.X)


class TestKeypoints:
    """Two dots beside each other, in one half of the image and then in the other."""

    def faces(self, n, low, high):
        rng = np.random.default_rng([n, low])
        middle = np.c_[rng.uniform(low, high, n), rng.uniform(5, 10, n)]
        points = middle[:, None] + np.array([[-2, 0], [2, 0]])
        rows, columns = np.mgrid[:16, :16]
        x, y = (points[:, :, i, None, None] for i in range(2))
        dots = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4)
        X = dots.sum(axis=1)[:, None].astype(np.float32)
        return X, ((points + 0.5 - 8) / 8).reshape(n, 4)

    def test_flips_teach_what_the_mirror_shows(self):
        X, y = self.faces(160, 4, 7)
        mirrored, expected = self.faces(60, 8, 11)
        layers = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
        flip = RandomFlip(target="keypoints", keypoint_range=(-1, 1), flip_pairs=[(0, 1)])
        net = make_net(layers=layers, hidden_num_units=64, regression=True, max_epochs=80)
        net.set_params(batch_iterator_train=32, update_learning_rate=0.05)
        errors = {}
        for p in (0.0, 0.5):
            net.set_params(augment=[("flip", flip)], augment_flip_p=p).fit(X, y)
            errors[p] = np.abs(net.predict(mirrored) - expected).mean() * 8
        assert errors[0.5] < 0.7 < 1.5 < errors[0.0]
