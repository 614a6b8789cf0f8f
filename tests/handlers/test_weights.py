import functools
import math
import pickle
import re
import threading

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.base import clone

from skconv import BatchIterator, NeuralNet
from skconv.ensemble import BatchedBagging
from skconv.handlers import RememberBestWeights, RestoreBestWeights, SaveWeights, WeightLog
from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})
LAYERS = [("input", InputLayer), HIDDEN, ("output", DenseLayer)]


def climbing(learning_rate=0.1):
    """Down the gradient for three epochs of three steps, then up."""
    return optax.sgd(lambda step: learning_rate * jnp.where(step < 9, 1.0, -1.0), momentum=0.9)


make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    update=climbing,
    batch_iterator_train=BatchIterator(16),
    batch_iterator_test=16,
    train_split=None,
    max_epochs=6,
    random_state=0,
)


class Recorder:
    def __init__(self):
        self.weights = []

    def __call__(self, net, history):
        self.weights.append(net.get_all_params_values())


def assert_same(one, two):
    assert one.keys() == two.keys()
    for layer in one:
        for a, b in zip(one[layer], two[layer], strict=True):
            np.testing.assert_array_equal(a, b)


def best_epoch(net):
    return int(np.argmin([row["train_loss"] for row in net.train_history_])) + 1


def test_weights_are_saved_every_n_epochs(tmp_path):
    recorder = Recorder()
    save = SaveWeights(tmp_path / "weights-{epoch}.npz", every_n_epochs=2)
    make_net(on_epoch_finished=[recorder, save]).fit(X, y)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["weights-0002.npz", "weights-0004.npz", "weights-0006.npz"]
    other = make_net(input_shape=(None, 5), output_num_units=3)
    other.load_params_from(tmp_path / "weights-0004.npz")
    assert_same(other.get_all_params_values(), recorder.weights[3])


def test_only_the_best_weights_are_saved(tmp_path, capsys):
    recorder = Recorder()
    path = tmp_path / "best.safetensors"
    save = SaveWeights(str(path), only_best=True, verbose=1)
    net = make_net(on_epoch_finished=[recorder, save]).fit(X, y)
    best = best_epoch(net)
    assert 1 < best < 6
    assert capsys.readouterr().out == f"Writing {path}\n" * best
    net.load_params_from(path)
    assert_same(net.get_all_params_values(), recorder.weights[best - 1])


@pytest.mark.parametrize(
    ("given", "values", "saved"),
    [
        ({"monitor": "f1"}, [0.5, 0.5, 0.7, 0.6, 0.7], [1, 3]),
        ({"monitor": "luck", "mode": "min"}, [0.5, 0.5, 0.7, 0.4, 0.4], [1, 4]),
        ({"monitor": "f1", "every_n_epochs": 2}, [0.5, 0.6, 0.7, 0.7, 0.9, 0.8], [2]),
        ({"monitor": "f1"}, [math.nan, 0.5, math.nan, 0.4, 0.6], [2, 5]),
    ],
)
@pytest.mark.filterwarnings("ignore:SaveWeights. f1 is NaN")
def test_a_tie_is_not_saved(tmp_path, given, values, saved):
    score = iter(values)
    path = tmp_path / "{epoch:d} {loss}.npz"
    make_net(
        max_epochs=len(values),
        update_learning_rate=0.0,
        custom_scores=[(given["monitor"], lambda t, p: next(score))],
        on_epoch_finished=SaveWeights(path, only_best=True, **given),
    ).fit(X, y, X_val=X, y_val=y)
    expected = [f"{epoch} {values[epoch - 1]}.npz" for epoch in saved]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("weights.h5", r"^a weight file must have the suffix .*, got 'weights.h5'$"),
        ("{valid_loss}.npz", r"^SaveWeights: path must have no placeholders but {epoch}, {loss}, "),
        (3, r"^SaveWeights: path must be a path, got 3$"),
    ],
)
def test_a_path_that_cannot_be_written_is_told_at_once(path, message):
    with pytest.raises(ValueError, match=message):
        SaveWeights(path)


def test_a_path_may_hold_the_loss_and_the_time(tmp_path):
    save = SaveWeights(tmp_path / "{loss:.4f}_{timestamp}.npz")
    net = make_net(max_epochs=1, on_epoch_finished=save).fit(X, y)
    (path,) = tmp_path.iterdir()
    loss = net.train_history_[0]["train_loss"]
    assert re.fullmatch(rf"{loss:.4f}_\d{{4}}(-\d\d){{5}}\.npz", path.name)


def test_the_whole_net_is_saved_by_pickle(tmp_path):
    save = SaveWeights(tmp_path / "net-{epoch}.pickle", every_n_epochs=3, pickle=True)
    net = make_net(max_epochs=3, update_learning_rate=0.1, on_epoch_finished=save).fit(X, y)
    assert [path.name for path in tmp_path.iterdir()] == ["net-0003.pickle"]
    copy = pickle.loads((tmp_path / "net-0003.pickle").read_bytes())
    np.testing.assert_array_equal(copy.predict_proba(X), net.predict_proba(X))


def test_what_cannot_be_pickled_leaves_no_file(tmp_path):
    save = SaveWeights(tmp_path / "net.pickle", pickle=True)
    lock = threading.Lock()
    with pytest.raises(
        pickle.PicklingError, match=r"^update_learning_rate must .* pickle '_thread"
    ):
        make_net(
            update_learning_rate=lambda step: 0.1 + 0 * lock.locked(), on_epoch_finished=save
        ).fit(X, y)
    assert list(tmp_path.iterdir()) == []


def test_the_weights_of_the_lowest_loss_are_restored(capsys):
    recorder, remember = Recorder(), RememberBestWeights()
    net = make_net(
        on_epoch_finished=[recorder, remember], on_training_finished=[remember.restore]
    ).fit(X, y)
    best = best_epoch(net)
    assert 1 < best < 6
    loss = net.train_history_[best - 1]["train_loss"]
    assert remember.best_weights_epoch == best
    assert_same(net.get_all_params_values(), recorder.weights[best - 1])
    assert capsys.readouterr().out == (
        f"Loaded best weights from epoch {best} where valid_loss was {loss:.6f}\n"
    )


def test_the_weights_of_the_highest_score_are_restored(capsys):
    scores = iter([0.1, 0.7, 0.3, 0.7])
    recorder, remember = Recorder(), RememberBestWeights(score="luck")
    net = make_net(
        max_epochs=4,
        custom_scores=[("luck", lambda y_true, y_output: next(scores))],
        on_epoch_finished=[recorder, remember],
        on_training_finished=[remember.restore],
    ).fit(X, y, X_val=X, y_val=y)
    assert_same(net.get_all_params_values(), recorder.weights[1])
    assert capsys.readouterr().out == ("Loaded best weights from epoch 2 where luck was 0.700000\n")


@pytest.mark.parametrize(
    ("given", "best"),
    [
        ({"monitor": "f1"}, 2),
        ({"monitor": "f1", "mode": "min"}, 1),
        ({"loss": "luck"}, 1),
        ({"score": "luck"}, 2),
    ],
)
def test_the_direction_decides_which_weights_are_kept(given, best):
    values = [0.1, 0.7, 0.3, 0.7]
    name = given.get("monitor", "luck")
    scores = iter(values)
    remember = RememberBestWeights(verbose=0, **given)
    make_net(
        max_epochs=4,
        custom_scores=[(name, lambda t, p: next(scores))],
        on_epoch_finished=remember,
    ).fit(X, y, X_val=X, y_val=y)
    assert remember.best_weights_epoch == best
    assert remember.best_weights_loss == values[best - 1]


def test_other_weights_or_another_column_make_the_best_weights_obsolete():
    remember = RememberBestWeights(verbose=0)
    net = make_net(max_epochs=1, update_learning_rate=0.0, on_epoch_finished=remember)
    net.fit(X, y, X_val=X, y_val=y)
    net.partial_fit(X, y)
    assert remember.watched.column == "train_loss"
    assert remember.best_weights_epoch == 2
    net.partial_fit(X, y)
    assert remember.best_weights_epoch == 2
    remember.restore(net, net.train_history_)
    net.partial_fit(X, y)
    assert remember.best_weights_epoch == 2
    net.layers_["output"].b.set_value(np.ones(3))
    net.partial_fit(X, y)
    assert remember.best_weights_epoch == 5


def test_the_best_weights_outlast_trainings_that_continue():
    values, recorder = iter([0.9, 0.5, 0.7, 0.8]), Recorder()
    remember = RememberBestWeights(score="f1", verbose=0)
    net = make_net(max_epochs=2, warm_start=True, on_epoch_finished=[remember, recorder])
    net.set_params(custom_scores=[("f1", lambda y_true, y_output: next(values))])
    net.fit(X, y, X_val=X, y_val=y).fit(X, y, X_val=X, y_val=y)
    assert (remember.best_weights_epoch, remember.best_weights_loss) == (1, 0.9)
    assert_same(remember.best_weights, recorder.weights[0])


def test_restoring_before_the_first_epoch_does_nothing(capsys):
    remember = RememberBestWeights()
    make_net(max_epochs=0, on_training_finished=remember.restore).fit(X, y)
    assert capsys.readouterr().out == ""


def test_a_clone_has_forgotten_and_restores_what_it_remembers_itself():
    remember = RememberBestWeights(verbose=0)
    net = make_net(on_epoch_finished=[remember], on_training_finished=[remember.restore])
    copy = clone(net.fit(X, y))
    (own,), (restore,) = copy.on_epoch_finished, copy.on_training_finished
    assert own is not remember
    assert restore.remember is own
    assert own.best_weights is None
    assert_same(copy.fit(X, y).get_all_params_values(), net.get_all_params_values())


def test_a_fresh_fit_forgets_the_best_weights():
    remember = RememberBestWeights(verbose=0)
    net = make_net(on_epoch_finished=remember).fit(X, y)
    net.set_params(max_epochs=1, update_learning_rate=0.001).fit(X, y)
    assert remember.best_weights_loss == net.train_history_[0]["train_loss"]
    assert remember.best_weights_epoch == 1


def test_state_of_handlers_of_any_class_stays_out_of_clones():
    net = make_net(max_epochs=2, on_epoch_finished=[Recorder()]).fit(X, y)
    assert len(net.on_epoch_finished[0].weights) == 2
    assert clone(net).on_epoch_finished[0].weights == []


def test_a_handler_appended_after_fit_is_in_the_clone():
    net = make_net(max_epochs=1, on_epoch_finished=[]).fit(X, y)
    net.on_epoch_finished.append(Recorder())
    assert isinstance(clone(net).on_epoch_finished[0], Recorder)


WRITERS = [
    (SaveWeights, "path", "w.npz", ".npz"),
    (WeightLog, "save_to", "log.csv", ".csv"),
]


@pytest.mark.parametrize(("cls", "name", "file", "suffix"), WRITERS)
def test_nets_that_train_together_have_files_of_their_own(cls, name, file, suffix, tmp_path):
    plain = make_net(max_epochs=1, on_epoch_finished=cls(tmp_path / file))
    message = (
        rf"^{cls.__name__}: {name} must contain {{hash}} where several nets are trained, so that "
        rf"each has a file of its own, got '.*{file}'; write '.*-{{hash}}\{suffix}'$"
    )
    for several in (BatchedGridSearchCV(plain, {"update_learning_rate": [0.1]}, cv=2), 1):
        with pytest.raises(ValueError, match=message):
            (BatchedBagging(plain, 2) if several == 1 else several).fit(X, y)
    path = tmp_path / f"{{hash}}{suffix}"
    more = {"write_every": 1} if cls is WeightLog else {}
    net = make_net(max_epochs=1, on_epoch_finished=cls(path, **more))
    BatchedGridSearchCV(net, {"update_learning_rate": [0.1, 0.2]}, cv=2, refit=False).fit(X, y)
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 4
    assert all(re.fullmatch(rf"[0-9a-f]{{12}}\{suffix}", name) for name in names)
    net.fit(X, y)
    net.fit(X, y)
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("as_list", [True, False])
def test_the_handler_that_remembers_is_found(as_list, capsys):
    remember, restore = RememberBestWeights(), RestoreBestWeights()
    given = (len_of, remember) if as_list else remember
    net = make_net(on_epoch_finished=given, on_training_finished=restore).fit(X, y)
    assert capsys.readouterr().out.startswith("Loaded best weights from epoch 4 where")
    restored = net.get_all_params_values()
    for name, arrays in remember.best_weights.items():
        for found, best in zip(restored[name], arrays, strict=True):
            np.testing.assert_array_equal(found, best)


def len_of(net, train_history):
    """Do nothing."""


@pytest.mark.parametrize("count", [0, 2])
def test_without_a_single_one_nothing_is_trained(count):
    net = make_net(
        on_epoch_finished=[RememberBestWeights() for _ in range(count)],
        on_training_finished=[RestoreBestWeights()],
    )
    message = (
        "RestoreBestWeights: remember must be given unless on_epoch_finished has one "
        f"RememberBestWeights, got {count} of them"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: SaveWeights(path / "w-{epoch}.npz"), "w-0001.npz"),
        (lambda path: SaveWeights(path / "net-{epoch}", pickle=True), "net-0001"),
        (lambda path: WeightLog(path / "log.csv"), "log.csv"),
    ],
)
def test_paths_are_checked_before_training(make, name, tmp_path):
    net = make_net(on_epoch_finished=make(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match=f"^the folder of {name} must exist, got '.*miss"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")
