"""Nets that are fitted on rows of several sizes, with a target for each position."""

import copy
import functools
import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.utils.class_weight import compute_class_weight

from skconv import NeuralNet, compile_counts
from skconv.augment import RandomFlip
from skconv.data.iterators import BatchIterator
from skconv.ensemble import BatchedBagging
from skconv.layers import (
    Conv2DLayer,
    DenseLayer,
    EmbeddingLayer,
    GlobalPoolLayer,
    InputLayer,
    RecurrentLayer,
)
from skconv.model_selection import BatchedGridSearchCV
from tests.compiling import compiled

rng = np.random.default_rng(0)

NAMES = np.array(["dark", "gray", "light"])


def images(n, *size):
    """Return images, and for each pixel the name of its brightness."""
    X = rng.normal(size=(n, 1, *size)).astype(np.float32)
    return X, NAMES[np.digitize(X[:, 0], [-0.8, 0.6])]


SMALL, LARGE = images(16, 6, 4), images(14, 5, 8)

ORDER = rng.permutation(30)


def mixed(small, large):
    """Return the rows of two arrays as a list, in an order that mixes them."""
    rows = [*small, *large]
    return [rows[i] for i in ORDER]


X, y = map(mixed, SMALL, LARGE)

OUTPUT = {"name": "output", "filter_size": 1}

dense_net = functools.partial(
    NeuralNet,
    layers=[("input", InputLayer), (Conv2DLayer, OUTPUT)],
    input_shape=(None, 1, None, None),
    batch_iterator_train=16,
    batch_iterator_test=16,
    update_learning_rate=0.3,
    train_split=None,
    max_epochs=4,
    random_state=0,
)

IN_ORDER = {"batch_iterator_train": BatchIterator(16), "max_epochs": 1}
"""One step for each size, the smaller one first."""


def weights_of(net):
    return [value for values in net.get_all_params_values().values() for value in values]


def assert_same(one, two, **tolerance):
    pairs = zip(weights_of(one), weights_of(two), strict=True)
    assert all(np.allclose(*pair, **tolerance) for pair in pairs)


def flat(rows):
    return np.concatenate([np.ravel(row) for row in rows])


SAMPLE_WEIGHT = [rng.uniform(size=row.shape) for row in y]


@pytest.fixture(scope="module")
def fitted():
    """Return a net fitted on two sizes, and the number of programs that this compiled."""
    return compiled(dense_net().fit, X, y)


def test_a_net_learns_a_class_for_each_pixel(fitted):
    net, count = fitted
    assert count == 2
    assert net.classes_.tolist() == sorted(NAMES)
    predicted = net.predict(X)
    assert all(a.shape == b.shape for a, b in zip(predicted, y, strict=True))
    accuracy = np.mean(flat(predicted) == flat(y))
    assert net.score(X, y) == pytest.approx(accuracy)
    assert accuracy > 0.7
    assert net.predict_proba(X)[0].shape == (3, *y[0].shape)
    assert compiled(dense_net(random_state=1).fit, X[::-1], y[::-1])[1] == 0


@pytest.mark.parametrize("form", ["objects", "lists", "series"])
def test_forms_of_y(fitted, form):
    net, _ = fitted
    if form == "objects":
        given = np.array([*y, None], object)[:-1]
    elif form == "lists":
        given = [row.tolist() for row in y]
    else:
        given = pytest.importorskip("pandas").Series(y)
    other = dense_net().fit(X, given)
    assert_same(net, other, rtol=0, atol=0)
    assert other.classes_.dtype == net.classes_.dtype
    assert other.score(X, given) == net.score(X, y)


def test_a_list_of_one_size_is_an_array():
    listed, stacked = (
        dense_net().fit(as_given, SMALL[1]) for as_given in (list(SMALL[0]), SMALL[0])
    )
    objects = np.array([*SMALL[1], None], object)[:-1]
    assert_same(listed, stacked, rtol=0, atol=0)
    assert_same(dense_net().fit(SMALL[0], objects), stacked, rtol=0, atol=0)
    assert listed.score(SMALL[0], objects) == stacked.score(*SMALL)


SAMPLE_WEIGHT = [rng.uniform(size=row.shape) for row in y]


def at(shape):
    """Return the positions of the rows of a size."""
    return [i for i, row in enumerate(y) if row.shape == shape]


def test_an_epoch_is_one_step_after_another_on_each_size():
    weights = rng.uniform(size=30)
    whole, single = dense_net(**IN_ORDER).fit(X, y, weights), dense_net(**IN_ORDER)
    for shape in ((5, 8), (6, 4)):
        rows = at(shape)
        Xi, yi = (np.stack([part[i] for i in rows]) for part in (X, y))
        single.partial_fit(Xi, yi, NAMES, weights[rows])
    assert_same(whole, single, atol=1e-6)


def cross_entropy(params, images, labels, weights):
    """Return the loss of a convolution of 1x1 pixels with a softmax, and its gradients."""
    W, b = params
    scores = images[:, 0, :, :, None] * W[:, 0, 0, 0] + b
    proba = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    chosen, shares = np.eye(len(b))[labels], weights / weights.sum()
    slopes = (proba - chosen) * shares[..., None]
    by_class = np.einsum("nhw,nhwk->k", images[:, 0], slopes)
    loss = -(np.log((proba * chosen).sum(axis=-1)) * shares).sum()
    return loss, (by_class.reshape(W.shape), slopes.sum(axis=(0, 1, 2)))


HOLES = [np.arange(row.size).reshape(row.shape) % 5 == i % 5 for i, row in enumerate(y)]

HOLEY = [np.where(holes, "-", row) for holes, row in zip(HOLES, y, strict=True)]

WITH_HOLES = {"ignore_label": "-", "update": "sgd", **IN_ORDER}


def test_steps_on_two_sizes_are_those_of_the_formula():
    net = dense_net(**WITH_HOLES).fit(X, HOLEY, SAMPLE_WEIGHT)
    start = dense_net(**WITH_HOLES | {"max_epochs": 0}).fit(X, HOLEY)
    params = [np.float64(value) for value in start.get_all_params_values()["output"]]
    losses, totals = [], []
    for shape in ((5, 8), (6, 4)):
        images, words, own, missing = (
            np.stack([part[i] for i in at(shape)]) for part in (X, y, SAMPLE_WEIGHT, HOLES)
        )
        weights = np.where(missing, 0, own)
        index = np.searchsorted(net.classes_, words)
        loss, grads = cross_entropy(params, images, index, weights)
        params = [p - 0.3 * g for p, g in zip(params, grads, strict=True)]
        losses.append(loss)
        totals.append(weights.sum())
    for own, expected in zip(net.get_all_params_values()["output"], params, strict=True):
        assert np.allclose(own, expected, atol=1e-5)
    mean = np.average(losses, weights=totals)
    assert net.train_history_[0]["train_loss"] == pytest.approx(mean, rel=1e-5)
    assert net.classes_.tolist() == sorted(NAMES)


def test_figures_of_the_validation_set_are_over_all_positions():
    def loss(y_true, output):
        pairs = zip(y_true, output, strict=True)
        picked = [np.take_along_axis(p, t[..., None], -1) for t, p in pairs]
        return -np.log(flat(picked)).mean()

    X_val, y_val = ([*rows[:5], *part[:3]] for rows, part in zip((X, y), SMALL, strict=True))
    scores = [("own_loss", loss), "balanced_accuracy"]
    net = dense_net(custom_scores=scores, batch_iterator_test=2, max_epochs=1)
    net.fit(X, y, X_val=X_val, y_val=y_val)
    (row,) = net.train_history_
    predicted = net.predict(X_val)
    assert row["valid_loss"] == pytest.approx(row["own_loss"], rel=1e-5)
    assert row["valid_accuracy"] == pytest.approx(np.mean(flat(predicted) == flat(y_val)))
    balanced = balanced_accuracy_score(flat(y_val), flat(predicted))
    assert row["balanced_accuracy"] == pytest.approx(balanced)


def test_weights_of_classes_are_counted_over_all_positions():
    known, names = flat(HOLEY)[flat(HOLEY) != "-"], np.array(sorted(NAMES))
    by_class = compute_class_weight("balanced", classes=names, y=known)
    sample_weight = [by_class[np.searchsorted(names, row)] for row in y]
    one, two = (
        dense_net(class_weight=given, **WITH_HOLES).fit(X, HOLEY, own)
        for given, own in (("balanced", None), (None, sample_weight))
    )
    assert_same(one, two, atol=1e-6)


def test_numbers_with_holes():
    numbers = [np.where(image[0] > 1.5, np.nan, 2 * image[0]) for image in X]
    net = dense_net(regression=True, ignore_label=np.nan, update_learning_rate=0.1)
    net.fit(X, numbers)
    known = [~np.isnan(row) for row in numbers]
    predicted = net.predict(X)
    pairs = [
        np.concatenate([row[own] for row, own in zip(part, known, strict=True)])
        for part in (numbers, predicted)
    ]
    assert net.score(X, numbers) == pytest.approx(r2_score(*pairs), abs=1e-6)
    assert net.score(X, numbers) > 0.5
    with pytest.raises(ValueError, match=r"NaN.*ignore_label"):
        dense_net(regression=True).fit(X, numbers)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_autoencoders(data_format):
    rows = X if data_format == "channels_first" else [np.moveaxis(image, 0, -1) for image in X]
    settings = {"ignore_label": np.nan, "update_learning_rate": 0.1}
    net = dense_net(regression=True, data_format=data_format, **settings).fit(rows)
    assert net.score(rows) == pytest.approx(r2_score(flat(X), flat(net.predict(rows))))
    with pytest.raises(ValueError, match=r"requires y to be passed.*set regression=True"):
        dense_net().fit(X)


def test_taggers():
    words = [rng.integers(6, size=n) for n in [*[3] * 12, *[5] * 9]]
    tags = [np.where(row < 3, "low", "high").tolist() for row in words]
    net = NeuralNet(
        layers=[
            ("words", InputLayer),
            (EmbeddingLayer, {"name": "vectors", "input_size": 6, "output_size": 4}),
            (RecurrentLayer, {"name": "hidden", "num_units": 8}),
            (DenseLayer, {"name": "output", "num_leading_axes": 2}),
        ],
        words_shape=(None, None),
        update="adam",
        update_learning_rate=0.03,
        batch_iterator_train=4,
        train_split=None,
        max_epochs=10,
        random_state=0,
    )
    assert compiled(net.fit, words, tags)[1] == 2
    assert net.score(words, tags) > 0.8
    assert net.classes_.tolist() == ["high", "low"]
    assert net.predict(words)[0].tolist()[0] in ("high", "low")


def test_a_class_of_the_image_and_one_of_each_pixel():
    image = InputLayer(shape=(None, 1, None, None))
    pixel = Conv2DLayer(image, filter_size=1, name="pixel")
    kind = DenseLayer(GlobalPoolLayer(image), name="kind")
    kinds = np.array([row[0, 0] for row in y])
    net = NeuralNet(
        layers=[pixel, kind],
        outputs=["pixel", "kind"],
        batch_iterator_train=8,
        batch_iterator_test=4,
        max_epochs=1,
        random_state=0,
    )
    weights = {"pixel": SAMPLE_WEIGHT, "kind": np.ones(30)}
    valid = {"X_val": X[:9], "y_val": [y[:9], kinds[:9]]}
    net.fit(X, {"pixel": y, "kind": kinds}, sample_weight=weights, **valid)
    (row,) = net.train_history_
    pixels, labels = net.predict(X[:9])
    accuracies = np.mean(flat(pixels) == flat(y[:9])), np.mean(labels == kinds[:9])
    assert row["valid_accuracy_pixel"] == pytest.approx(accuracies[0])
    assert row["valid_accuracy_kind"] == pytest.approx(accuracies[1])
    assert net.score(X[:9], [y[:9], kinds[:9]]) == pytest.approx(np.mean(accuracies))


def test_masks_follow_their_images():
    seen = []

    def keep(key, Xb, yb):
        seen.append((Xb.shape, yb.shape))
        return Xb, yb

    net = dense_net(augment=[RandomFlip(target="mask"), keep])
    assert compiled(net.fit, X, y)[1] == 2
    assert {(a[2:], b[1:]) for a, b in seen} == {((5, 8),) * 2, ((6, 4),) * 2}
    assert net.score(X, y) > 0.7
    with pytest.warns(UserWarning, match="moves the pixels of X but not their targets"):
        dense_net(augment=RandomFlip(), max_epochs=0).fit(X, y)


def test_a_transform_of_the_host_keeps_masks():
    class Negative(BatchIterator):
        def transform(self, Xb, yb):
            return -Xb, yb

    iterators = {f"batch_iterator_{name}": Negative(16, shuffle=True) for name in ("train", "test")}
    net, plain = dense_net(**iterators).fit(X, y), dense_net().fit([-x for x in X], y)
    assert_same(net, plain, rtol=0, atol=0)
    wrong = [row[:, :2] for row in y]
    with pytest.raises(ValueError, match=r"must have shape"):
        dense_net(**iterators).fit(X, wrong)


def test_continuing_copies_and_pickles(fitted):
    net = copy.deepcopy(fitted[0])
    loaded = pickle.loads(pickle.dumps(net))
    assert np.array_equal(flat(loaded.predict(X)), flat(net.predict(X)))
    assert_same(clone(net).fit(X, y), net, rtol=0, atol=0)
    _, count = compiled(net.set_params(warm_start=True, max_epochs=1).fit, X[:20], y[:20])
    assert count == 0
    assert len(net.train_history_) == 5
    assert net.partial_fit(X, y).score(X, y) > 0.7


def test_searches_and_bagging():
    search = {"update_learning_rate": [0.1, 0.3]}
    cv = KFold(2, shuffle=True, random_state=0)
    objects = np.array([*y, None], object)[:-1]
    before = compile_counts()
    scores = cross_val_score(dense_net(), X, objects, cv=2, error_score="raise")
    after = compile_counts()
    assert after["train"] == before["train"]
    assert after["predict"] - before["predict"] <= 2  # for the few rows of each size
    assert scores.mean() > 0.6
    ours, theirs = (
        kind(dense_net(), search, cv=cv, error_score="raise").fit(X, y)
        for kind in (BatchedGridSearchCV, GridSearchCV)
    )
    for key in ("mean_test_score", "std_test_score"):
        assert np.allclose(ours.cv_results_[key], theirs.cv_results_[key])
    bag = BatchedBagging(dense_net(max_epochs=1), 2, random_state=0).fit(X, y)
    proba = bag.predict_proba(X)
    each = [net.predict_proba(X) for net in bag.estimators_]
    assert all(np.allclose(p, (a + b) / 2) for p, a, b in zip(proba, *each, strict=True))
    accuracy = np.mean(flat(bag.predict(X)) == flat(y))
    assert bag.score(X, y) == pytest.approx(accuracy)


def test_a_loss_of_its_own_is_scored_over_all_positions():
    def distance(output, targets):
        return jnp.square(output.mean((1, 2, 3)) - targets.mean((1, 2)))

    numbers, weights = [image[0] + 1 for image in X], rng.uniform(size=30)
    settings = {"regression": True, "objective_loss_function": distance, "max_epochs": 0}
    net = dense_net(output_num_filters=2, **settings).fit(X, numbers)
    pairs = zip(net.predict(X), numbers, strict=True)
    losses = [(own.mean() - row.mean()) ** 2 for own, row in pairs]
    sizes = np.array([row.size for row in numbers])
    expected = -np.average(losses, weights=sizes * weights)
    assert net.score(X, numbers, weights) == pytest.approx(expected, rel=1e-5)
    boxes = [np.ones((1 + i % 2, 4)) for i in range(16)]  # several shapes for one of X
    net.fit(SMALL[0], boxes)
    means = net.predict(SMALL[0]).mean((1, 2, 3))
    expected = -np.average((means - 1) ** 2, weights=[box.size for box in boxes])
    assert net.score(SMALL[0], boxes) == pytest.approx(expected, rel=1e-5)


def test_quantiles_of_each_pixel():
    levels, numbers = (0.2, 0.9), [image[0] for image in X]
    net = dense_net(regression=True, objective_loss_function="pinball_loss", max_epochs=1)
    net.set_params(objective_quantiles=levels).fit(X, numbers, X_val=X[:6], y_val=numbers[:6])
    predicted = net.predict(X)
    assert all(own.shape == (*row.shape, 2) for own, row in zip(predicted, numbers, strict=True))

    def losses(n):
        quantiles = np.concatenate([own.reshape(-1, 2) for own in predicted[:n]]).T
        return [
            mean_pinball_loss(flat(numbers[:n]), own, alpha=level)
            for own, level in zip(quantiles, levels, strict=True)
        ]

    assert net.train_history_[0]["valid_loss"] == pytest.approx(np.mean(losses(6)), rel=1e-5)
    constant = [
        mean_pinball_loss(flat(numbers), np.full(len(flat(numbers)), quantile), alpha=level)
        for level, quantile in zip(levels, np.quantile(flat(numbers), levels), strict=True)
    ]
    score = np.mean(1 - np.divide(losses(30), constant))
    assert net.score(X, numbers) == pytest.approx(score, rel=1e-3)


def change(i, row):
    return [row if j == i else other for j, other in enumerate(y)]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (change(3, y[3][:, :-1]), r"y\[3\] must have shape \(\d, \d\), a class for each position"),
        ([row.T for row in y], r"layer 'output'.*y must have shape \(n, 5, 8\).*\(row \d+\)"),
        ([row[0] for row in y], r"layer 'output'.*must have shape \(n, 5, 8\).*got \(n, 8\)"),
        (y[:-1], r"inconsistent numbers of samples: \[30, 29\]"),
        (change(2, y[2].astype(object)[:, :-1]), r"y\[2\] must have shape"),
    ],
)
def test_sizes_of_y_are_checked_before_training(labels, message):
    net = dense_net()
    with pytest.raises(ValueError, match=message):
        net.fit(X, labels)
    with pytest.raises(ValueError, match=message if "layer" not in message else "validation set"):
        net.fit(X, y, X_val=X, y_val=labels)
    assert not hasattr(net, "train_history_")


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([row[0] for row in SAMPLE_WEIGHT], r"rows of the shapes of y, got \(\d,\) instead of"),
        (SAMPLE_WEIGHT[:-1], "must have 30 rows as y has, got 29"),
        (np.ones((30, 2)), r"must have shape \(30,\), or be a list of arrays of the shapes of y"),
        ([-row for row in SAMPLE_WEIGHT], "Negative values"),
    ],
)
def test_weights_are_checked_before_training(sample_weight, message):
    net = dense_net()
    with pytest.raises(ValueError, match=message):
        net.fit(X, y, sample_weight)
    assert not hasattr(net, "train_history_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"regression": True, "normalize_y": True}, "set normalize_y=False"),
        ({"train_split": StratifiedKFold(3)}, r"must not look at targets whose rows.*KFold\(5\)"),
        (
            {"layers": [("input", InputLayer), ("pool", GlobalPoolLayer), ("output", DenseLayer)]},
            r"layer 'output'.*a class for each row.*end the layers in one that keeps positions",
        ),
    ],
)
def test_settings_for_rows_of_one_size(change, message):
    numbers = [image[0] for image in X] if "regression" in change else y
    with pytest.raises(ValueError, match=message):
        dense_net(**change).fit(X, numbers)
