import functools
from contextlib import suppress

import jax
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from skconv.augment import GaussianNoise
from skconv.data.iterators import BatchIterator
from skconv.ensemble import BatchedBagging
from skconv.handlers import (
    AdjustVariable,
    Checkpoint,
    EarlyStopping,
    ExponentialMovingAverage,
    Freeze,
    Handler,
    ReduceLROnPlateau,
    RememberBestWeights,
    TerminateOnNaN,
    Unfreeze,
    WeightLog,
)
from skconv.init import Normal
from skconv.model_selection import BatchedGridSearchCV
from skconv.objectives import categorical_focal_loss
from skconv.training.events import EVENTS
from skconv.updates.rules import adam, sgd
from skconv.utils.checks import as_list
from skconv.utils.plain_values import pack

from ..nets import X, make_net, y


class StoppedError(Exception):
    pass


def after(epochs):
    def fail(net, train_history):
        if len(train_history) == epochs:
            raise StoppedError

    return fail


def numbers(net):
    return [{k: v for k, v in row.items() if k != "dur"} for row in net.train_history_]


def test_a_training_that_was_cut_off_ends_as_one_that_was_not(tmp_path, capsys):
    path = tmp_path / "training.safetensors"
    whole = make_net(update=adam, max_epochs=5).fit(X, y)

    def cut():
        return make_net(update=adam, max_epochs=5, on_epoch_finished=Checkpoint(path))

    cut_off = cut()
    cut_off.on_epoch_finished = [cut_off.on_epoch_finished, after(3)]
    with pytest.raises(StoppedError):
        cut_off.fit(X, y)
    assert capsys.readouterr().out == ""
    again = cut().fit(X, y)
    assert capsys.readouterr().out == f"Resuming after epoch 3 from {path}.\n"
    assert numbers(again) == numbers(whole)
    for one, two in zip(again.get_all_params(), whole.get_all_params(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert numbers(cut().fit(X, y)) == numbers(whole)


def test_every_n_epochs_and_without_resuming(tmp_path):
    path = tmp_path / "training.npz"
    times = []

    def note(net, train_history):
        times.append(path.exists())

    checkpoint = Checkpoint(path, every_n_epochs=2, resume=False)
    make_net(max_epochs=3, on_epoch_finished=[checkpoint, note]).fit(X, y)
    assert times == [False, True, True]
    net = make_net(max_epochs=1, on_epoch_finished=checkpoint).fit(X, y)
    assert len(net.train_history_) == 1


def test_a_training_that_goes_on_by_itself_takes_no_file(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a.npz")
    net = make_net(max_epochs=2, warm_start=True, on_epoch_finished=checkpoint).fit(X, y).fit(X, y)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3, 4]


FITS = {
    "X": ({"X": -X}, "X, validation set"),
    "dtype": ({"X": (X > 0).astype(np.uint8)}, "X, validation set"),
    "y": ({"y": y[::-1], "train_split": None, "X_val": X, "y_val": y}, "validation set, y"),
    "classes": ({"y": np.array(["a", "b", "c"])[y]}, "classes, form of y"),
    "sample_weight": ({"sample_weight": np.linspace(0.5, 1.5, 40)}, "weights of the rows"),
    "class_weight": ({"class_weight": {0: 2.0}}, "weights of the rows"),
    "validation set": ({"X_val": X[:8], "y_val": y[:8]}, "validation set"),
    "train_split": ({"train_split": 0.3}, "X, validation set, y"),
    "update": ({"update": sgd}, "update"),
    "updates in closures": ({"update": lambda **rate: adam(**rate, beta1=0.5)}, "update"),
    "update_learning_rate": ({"update_learning_rate": 1e-9}, "update_learning_rate"),
    "batch size": ({"batch_iterator_train": 8}, "batch size, batch_iterator_train"),
    "iterator": ({"batch_iterator_train": BatchIterator(16)}, "batch_iterator_train"),
    "objective_l2": ({"objective_l2": 0.0}, "objective_l2"),
    "loss": (
        {"objective_loss_function": categorical_focal_loss},
        "objective_loss_function",
    ),
    "augment": ({"augment": [GaussianNoise(0.1)]}, "augment"),
    "random_state": ({"random_state": 1}, "random_state"),
    "runtime": ({"noise_p": 0.1}, "layers, noise_p"),
    "width": ({"hidden_num_units": 6}, "hidden_num_units, layers"),
    "initializer": ({"hidden_W": Normal(0.5)}, "hidden_W, layers"),
    "nonlinearity": ({"hidden_nonlinearity": lambda x: x}, "hidden_nonlinearity, layers"),
    "scores_valid": ({"scores_valid": [("mine", lambda pred, y: pred[:, 0])]}, "scores_valid"),
}
"""Changes of a training, and what a message says of them."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "training.npz"
    make_net(update=adam, on_epoch_finished=Checkpoint(path)).fit(X, y)
    return path


class Started(Handler):
    """Note what begins, and end the training."""

    def begin(self, net, train_history):
        self.rows = len(train_history)
        raise StopIteration


def begun(path, *, X=X, y=y, mismatch="restart", **params):
    """Return the number of epochs that a training takes from a file before its first one."""
    given = {
        name: params.pop(name) for name in ("sample_weight", "X_val", "y_val") if name in params
    }
    started = Started()
    handlers = [Checkpoint(path, mismatch=mismatch, verbose=0), started]
    net = make_net(**{"update": adam} | params, on_epoch_finished=handlers)
    net.fit(X, y, **given)
    return started.rows


@pytest.mark.parametrize(("changes", "differing"), FITS.values(), ids=FITS)
def test_a_training_that_differs_starts_anew(finished, changes, differing):
    with pytest.warns(UserWarning, match=f"differs in (.*, )?{differing}(,.*)?; this .* anew"):
        assert begun(finished, **changes) == 0


def test_the_scale_of_standardized_numbers_is_part_of_a_training(tmp_path):
    """The network trains on equal numbers, but predicts in other units."""

    def fit(y):
        checkpoint = Checkpoint(tmp_path / "a.npz", verbose=0)
        options = {"regression": True, "normalize_y": True, "max_epochs": 1}
        return make_net(**options, on_epoch_finished=checkpoint).fit(X, y)

    one = fit(X[:, :2])
    with pytest.warns(UserWarning, match="differs in form of y; this training starts anew"):
        two = fit(2 * X[:, :2])
    np.testing.assert_allclose(two.predict(X), 2 * one.predict(X), rtol=1e-6)


def test_a_training_that_differs_in_what_changes_no_epoch_continues(finished):
    def other(net, train_history):
        pass

    assert begun(finished, max_epochs=9, on_training_started=other, check_input=False) == 2
    assert begun(finished, X=X.astype(np.float64), y=y.astype(str).astype(int)) == 2


def test_a_training_that_differs_is_refused_on_request(finished):
    with pytest.raises(ValueError, match=r"differs in .*random_state.*; delete the file, or write"):
        begun(finished, mismatch="raise", random_state=1)


def test_a_refused_training_leaves_the_net_unfitted(finished):
    other = make_net(on_epoch_finished=[Checkpoint(finished, mismatch="raise"), EarlyStopping()])
    with pytest.raises(ValueError, match="differs in update"):
        other.fit(X, y)
    assert not hasattr(other, "train_history_")


def test_the_path_is_checked_before_training(tmp_path):
    net = make_net(on_epoch_finished=Checkpoint(tmp_path / "missing" / "net.npz"))
    with pytest.raises(FileNotFoundError, match=r"^the folder of net.npz must exist, got '.*miss"):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


def test_loaded_weights_are_part_of_a_training(finished, tmp_path):
    """The same weights loaded again continue, others do not."""
    path = tmp_path / "tuned.npz"
    source = make_net(max_epochs=1).fit(X, y)

    def tuned(weights):
        shapes = {"input_shape": (None, 5), "output_num_units": 3}
        net = make_net(**shapes, max_epochs=1, on_epoch_finished=Checkpoint(path))
        net.load_params_from(weights)
        return net.fit(X, y)

    first = tuned(source)
    np.testing.assert_array_equal(tuned(source).predict_proba(X), first.predict_proba(X))
    source.get_all_params()[0].set_value(np.zeros((5, 4)))
    with pytest.warns(UserWarning, match="differs in initial weights; this"):
        tuned(source)


def test_folds_never_train_on_from_one_another(tmp_path):
    """The scores are those without checkpoints, also from a second run with a file per fold."""
    labels = np.random.default_rng(1).integers(0, 2, 40)

    def scores(**params):
        net = make_net(max_epochs=3, train_split=None, **params)
        return cross_val_score(net, X, labels, cv=2).tolist()

    plain = scores()
    shared, own = tmp_path / "shared.npz", tmp_path / "fold-{hash}.npz"
    with pytest.warns(UserWarning, match="is a checkpoint of another training"):
        assert scores(on_epoch_finished=[Checkpoint(shared, verbose=0)]) == plain
    assert scores(on_epoch_finished=[Checkpoint(own, verbose=0)]) == plain
    written = {file: file.stat().st_mtime_ns for file in tmp_path.glob("fold-*")}
    assert len(written) == 2
    assert scores(on_epoch_finished=[Checkpoint(own, verbose=0)]) == plain
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("fold-*")} == written


@pytest.mark.parametrize("search", [BatchedGridSearchCV, BatchedBagging])
def test_searches_and_ensembles_want_a_file_of_each_net(search, tmp_path):
    net = make_net(max_epochs=1, on_epoch_finished=Checkpoint(tmp_path / "a.npz"))
    arguments = ({"update_learning_rate": [0.1, 1e-9]},) if search is BatchedGridSearchCV else ()
    with pytest.raises(
        ValueError, match=r"path must contain \{hash\} where.*write '.*a-\{hash\}.npz'"
    ):
        search(net, *arguments).fit(X, y)
    assert not list(tmp_path.iterdir())


def test_candidates_of_a_search_write_files_of_their_own(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a-{hash}.npz")
    net = make_net(max_epochs=1, on_epoch_finished=checkpoint)
    BatchedGridSearchCV(
        net, {"update_learning_rate": [0.1, 1e-9]}, cv=2, refit=False, lanes="loop"
    ).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 4


def test_another_number_of_cores_warns_and_resumes(tmp_path, monkeypatch):
    def fit(threads, epochs):
        monkeypatch.setenv("PJRT_NPROC", str(threads))  # JAX has read it long ago
        save = Checkpoint(tmp_path / "a.npz", verbose=0)
        return make_net(max_epochs=epochs, on_epoch_finished=save).fit(X, y)

    fit(3, 1)
    fit(3, 2)  # pytest turns warnings into errors
    message = (
        "the file was written on 3 CPU threads, and the training resumes on 1 CPU thread, so that "
        "its results may differ in the last bits .* set the environment variable PJRT_NPROC"
    )
    with pytest.warns(UserWarning, match=message):
        net = fit(1, 3)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3]
    assert numbers(net) == numbers(make_net(max_epochs=3).fit(X, y))


def test_a_drawn_seed_warns(tmp_path):
    net = make_net(
        random_state=None, max_epochs=0, on_epoch_finished=Checkpoint(tmp_path / "a.npz")
    )
    with pytest.warns(UserWarning, match="random_state is None, so that each training draws"):
        net.fit(X, y)
    net.on_epoch_finished.resume = False
    net.fit(X, y)  # pytest turns warnings into errors


@pytest.mark.parametrize("path", ["a-{epoch}.npz", "{}.npz"])
def test_other_placeholders_are_refused(path):
    with pytest.raises(ValueError, match=r"path must have no placeholder but \{hash\}"):
        Checkpoint(path)


class Alternate(Handler):
    """A handler of one's own: it begins anew, and its state decides what it sets."""

    def begin(self, net, train_history):
        self.count, self.sums, self.lock = 0, [np.zeros(3)], open

    def __call__(self, net, train_history):
        self.count += 1
        self.sums[0] += self.count
        net.update_learning_rate = 0.05 if self.count % 2 else 0.01 * float(self.sums[0][1])


class Doubling:
    """A callable that is no `Handler`, with a state, that changes a parameter in `more_params`."""

    def __init__(self):
        self.rate = 0.01

    def get_state(self):
        return {"rate": self.rate}

    def set_state(self, state):
        self.rate = state["rate"]

    def __call__(self, net, train_history):
        self.rate *= 2
        net.more_params = {"noise_p": min(self.rate, 0.8)}


def cosine(net, train_history):
    net.update_learning_rate = 0.1 / len(train_history)


def kept_best():
    remember = RememberBestWeights(verbose=0)
    return {
        "on_epoch_finished": [remember, AdjustVariable("update_learning_rate", 0.5, 0.1)],
        "on_training_finished": [remember.restore],
    }


def at_epochs(*handlers):
    return lambda: {"on_epoch_finished": [make() for make in handlers]}


def at_batches(*handlers):
    return lambda: {"on_batch_finished": [make() for make in handlers]}


def adjust():
    return AdjustVariable("update_learning_rate", 0.1, 0.001)


def plateau():
    return ReduceLROnPlateau(0.5, patience=1, threshold=0.5, cooldown=1, verbose=0)


def stopping():
    return EarlyStopping(patience=2, min_delta=0.5, verbose=0)


def averaging():
    return ExponentialMovingAverage(0.5)


HANDLERS = {
    "AdjustVariable": at_epochs(adjust),
    "ReduceLROnPlateau": at_epochs(plateau),
    "EarlyStopping": at_epochs(stopping),
    "average of epochs": at_epochs(averaging),
    "average of batches": at_batches(averaging),
    "RememberBestWeights": kept_best,
    "Freeze": lambda: {
        "on_training_started": Freeze("hidden"),
        "on_epoch_finished": Unfreeze("hidden", epoch=3),
    },
    "WeightLog": at_batches(WeightLog),
    "TerminateOnNaN": at_epochs(lambda: TerminateOnNaN(verbose=0)),
    "all": at_epochs(stopping, plateau, averaging, WeightLog, TerminateOnNaN),
    "two of a class": at_epochs(lambda: EarlyStopping(5, "train_loss", verbose=0), stopping),
    "own": at_epochs(Alternate),
    "own callable": lambda: {"on_epoch_finished": Doubling(), "more_params": {"noise_p": 0.1}},
    "function": at_epochs(lambda: cosine),
}
EPOCHS = 6


def fit_with(params, *more, first=()):
    """Fit a net, with further handlers of epochs; return it with what its handlers keep."""
    epochs = [*first, *as_list(params.get("on_epoch_finished")), *more]
    options = {"update": adam, "max_epochs": EPOCHS, "update_learning_rate": 0.05}
    net = make_net(**options | params | {"on_epoch_finished": epochs})
    with suppress(StoppedError):
        net.fit(X, y)
    given = [handler for name in EVENTS for handler in as_list(params.get(name))]
    kept = [handler.get_state() for handler in given if hasattr(handler, "get_state")]
    return net, kept


@functools.cache
def uninterrupted(name):
    return fit_with(HANDLERS[name]())


@pytest.mark.parametrize(("last", "epochs"), [(False, 3), (True, 2)])
@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_resume_bit_for_bit(name, last, epochs, tmp_path):
    """Whether they are listed after the checkpoint or before it."""
    whole, kept = uninterrupted(name)

    def fit(*cut):
        save, params = Checkpoint(tmp_path / "a.npz", verbose=0), HANDLERS[name]()
        return fit_with(params, save, *cut) if last else fit_with(params, *cut, first=[save])

    fit(after(epochs))
    net, again = fit()
    assert numbers(net) == numbers(whole)
    for one, two in zip(net.get_all_params(), whole.get_all_params(), strict=True):
        np.testing.assert_array_equal(one, two)
    arrays, others = {}, {}
    assert pack(again, arrays, "") == pack(kept, others, "")
    jax.tree.map(np.testing.assert_array_equal, arrays, others)
    assert net.update_learning_rate == 0.05


def test_a_finished_training_ends_again_as_it_did(tmp_path):
    """Without an epoch more, though its handlers changed the weights at the end."""

    def fit():
        checkpoint = Checkpoint(tmp_path / "a.safetensors", verbose=0)
        return fit_with(at_epochs(stopping, averaging)(), first=[checkpoint])[0]

    first, again = fit(), fit()
    assert numbers(first) == numbers(again)
    assert len(first.train_history_) < EPOCHS
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))


def test_other_handlers_than_before_are_told(finished, tmp_path):
    def fit(path, *handlers):
        make_net(update=adam, on_epoch_finished=[Checkpoint(path, verbose=0), *handlers]).fit(X, y)

    fit(tmp_path / "a.npz", stopping())
    with pytest.warns(UserWarning, match="other .* the state of EarlyStopping is ignored"):
        fit(tmp_path / "a.npz")
    with pytest.warns(UserWarning, match="other handlers .* EarlyStopping starts without a state"):
        fit(finished, stopping())


def test_a_state_that_no_file_can_hold_is_told(tmp_path):
    class Wrong(Doubling):
        def get_state(self):
            return {"function": print}

    net = make_net(max_epochs=1, on_epoch_finished=[Checkpoint(tmp_path / "a.npz"), Wrong()])
    with pytest.raises(TypeError, match=r"^Wrong.get_state must return a dict of numbers, strings"):
        net.fit(X, y)


def test_a_parameter_that_no_file_can_hold_warns_once(tmp_path):
    def schedule(net, train_history):
        net.update_learning_rate = lambda step: 0.1

    net = make_net(on_epoch_finished=[schedule, Checkpoint(tmp_path / "a.npz")])
    with pytest.warns(UserWarning, match="update_learning_rate was changed during") as caught:
        net.fit(X, y)
    assert len([w for w in caught if "was changed" in str(w.message)]) == 1


def test_a_weight_log_drops_records_written_after_the_checkpoint(tmp_path):
    """Its file is that of an uninterrupted training, with four batches and records an epoch."""

    def fit(folder, *more):
        folder.mkdir(exist_ok=True)
        log = WeightLog(folder / "log.csv", write_every=3)
        save = Checkpoint(folder / "a.npz", every_n_epochs=2, verbose=0)
        params = {"on_batch_finished": log, "batch_iterator_train": 8}
        fit_with(params, save, *more)
        return (folder / "log.csv").read_text()

    whole = fit(tmp_path / "whole")
    cut = fit(tmp_path / "cut", after(4))
    longer = fit(tmp_path / "longer", after(5))
    assert len(cut) < len(longer) < len(whole)
    assert fit(tmp_path / "cut") == fit(tmp_path / "longer") == whole


class Counting(Handler):
    count = 0

    def __call__(self, net, train_history):
        self.count += 1


def test_a_file_is_applied_once(tmp_path):
    def fit():
        handlers = [Checkpoint(tmp_path / "a.npz", verbose=0), Counting()]
        return make_net(max_epochs=2, on_epoch_finished=handlers).fit(X, y)

    fit()
    net = fit()
    counts = [net.on_epoch_finished[1].count]
    for _ in range(2):
        counts.append(net.partial_fit(X, y).on_epoch_finished[1].count)
    assert counts == [2, 3, 4]
    assert net._model.epoch == 4
