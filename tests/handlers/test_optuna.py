import copy
import pickle

import numpy as np
import optuna
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skconv.handlers import Checkpoint, OptunaPruning
from skconv.model_selection import BatchedGridSearchCV

from ..nets import X, make_net, y

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Above(optuna.pruners.BasePruner):
    """Prunes a trial as soon as its last value is above a threshold, from a step on."""

    def __init__(self, most, first=1):
        self.most, self.first = most, first

    def prune(self, study, trial):
        step = trial.last_step
        return step >= self.first and trial.intermediate_values[step] > self.most


def asked(pruner=None, **options):
    return optuna.create_study(pruner=pruner or optuna.pruners.NopPruner(), **options).ask()


def reported(trial):
    return trial.study.trials[trial.number].intermediate_values


def losses(net):
    return {row["epoch"]: row["valid_loss"] for row in net.train_history_}


def test_each_epoch_is_reported():
    trial = asked()
    net = make_net(max_epochs=3, on_epoch_finished=OptunaPruning(trial)).fit(X, y)
    assert reported(trial) == losses(net)


def test_a_study_records_a_pruned_trial_and_its_net_can_be_used():
    nets = []

    def objective(trial):
        rate = trial.suggest_float("rate", 0.01, 0.1)
        net = make_net(
            max_epochs=5, update_learning_rate=rate, on_epoch_finished=OptunaPruning(trial)
        )
        nets.append(net)
        return net.fit(X, y).train_history_[-1]["valid_loss"]

    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), pruner=Above(0.0, first=3)
    )
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    net = nets[0]
    assert reported(net.on_epoch_finished.trial) == losses(net)
    assert list(losses(net)) == [1, 2, 3]
    assert net.max_epochs == 5
    expected = make_net(max_epochs=3, update_learning_rate=net.update_learning_rate).fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), expected.predict_proba(X))
    net.set_params(on_epoch_finished=None).fit(X, y)
    assert len(net.train_history_) == 5


def test_the_message_says_why_the_trial_ended():
    net = make_net(on_epoch_finished=OptunaPruning(asked(Above(0.0))))
    with pytest.raises(optuna.TrialPruned, match=r"^pruned at step 1, with valid_loss=[0-9.]+$"):
        net.fit(X, y)


def test_clones_report_to_the_same_trial_and_folds_count_on():
    trial = asked()
    net = make_net(on_epoch_finished=OptunaPruning(trial))
    cross_val_score(net, X, y, cv=3, error_score="raise")
    assert list(reported(trial)) == [1, 2, 3, 4, 5, 6]
    assert clone(net).on_epoch_finished.trial is trial
    assert copy.deepcopy(net).on_epoch_finished.trial is trial


def test_a_fold_can_be_pruned():
    trial = asked(Above(0.0, first=3))
    net = make_net(on_epoch_finished=OptunaPruning(trial))
    with pytest.raises(optuna.TrialPruned, match="pruned at step 3"):
        cross_val_score(net, X, y, cv=3, error_score="raise")


def test_a_training_that_goes_on_counts_on():
    trial = asked()
    net = make_net(on_epoch_finished=OptunaPruning(trial)).partial_fit(X, y).partial_fit(X, y)
    assert reported(trial) == {row["epoch"]: row["train_loss"] for row in net.train_history_}
    assert list(reported(trial)) == [1, 2]


def test_a_resumed_training_reports_its_epochs_to_the_new_trial(tmp_path):
    def fit(epochs):
        trial = asked()
        handlers = [OptunaPruning(trial), Checkpoint(tmp_path / "a.npz", verbose=0)]
        make_net(max_epochs=epochs, on_epoch_finished=handlers).fit(X, y)
        return list(reported(trial))

    assert fit(2) == [1, 2]
    assert fit(4) == [3, 4]


def test_the_column_must_be_better_where_the_study_looks():
    trial = asked(direction="maximize")
    with pytest.raises(
        ValueError,
        match=r"^OptunaPruning: monitor must be a column whose larger values are better, as the "
        r"study maximizes, got 'valid_loss'\. Valid names: valid_accuracy\.$",
    ):
        make_net(on_epoch_finished=OptunaPruning(trial)).fit(X, y)
    net = make_net(on_epoch_finished=OptunaPruning(trial, "valid_accuracy")).fit(X, y)
    assert list(reported(trial).values()) == [row["valid_accuracy"] for row in net.train_history_]
    with pytest.raises(ValueError, match=r"whose smaller values are better, as the study minimi"):
        make_net(on_epoch_finished=OptunaPruning(asked(), "valid_accuracy")).fit(X, y)


def test_a_column_whose_name_says_nothing_is_taken_as_the_study_takes_it():
    for direction in ("minimize", "maximize"):
        handler = OptunaPruning(asked(direction=direction), "luck")
        handler.check(make_net(), {"luck": None})
        handler(make_net(), [{"epoch": 1, "luck": 7.0}])
        assert reported(handler.trial) == {1: 7.0}


def test_a_fixed_trial_prunes_nothing():
    trial = optuna.trial.FixedTrial({"rate": 0.1})
    rate = trial.suggest_float("rate", 0.01, 1.0)
    net = make_net(update_learning_rate=rate, on_epoch_finished=OptunaPruning(trial)).fit(X, y)
    assert len(net.train_history_) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OptunaPruning("first"), r"trial must be a trial of Optuna, got 'first'"),
        (lambda: OptunaPruning(asked(), 3), r"monitor must be .*, got 3"),
        (
            lambda: OptunaPruning(asked(), "valid_los"),
            r"monitor must be a column of the history, got 'valid_los'\. Did you mean 'valid_loss'",
        ),
        (
            lambda: OptunaPruning(asked(directions=["minimize", "maximize"])),
            r"trial must be of a study with one objective, got 2, for which Optuna prunes no tr",
        ),
        (
            lambda: pickle.loads(pickle.dumps(OptunaPruning(asked()))),
            r"trial must be a trial of Optuna, got None, as pickles leave it out; train in the",
        ),
    ],
)
def test_mistakes_are_reported_before_training(make, message):
    with pytest.raises(ValueError, match=f"^OptunaPruning: {message}"):
        make_net(on_epoch_finished=make()).fit(X, y)


def test_pickles_of_nets_leave_out_the_study():
    net = make_net(on_epoch_finished=OptunaPruning(asked())).fit(X, y)
    loaded = pickle.loads(pickle.dumps(net))
    assert loaded.on_epoch_finished.trial is None
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))


def test_searches_that_train_nets_together_are_refused():
    net = make_net(on_epoch_finished=OptunaPruning(asked()))
    grid = {"update_learning_rate": [0.1, 0.2]}
    with pytest.raises(ValueError, match=r"^OptunaPruning: a trial takes the epochs of one train"):
        BatchedGridSearchCV(net, grid, cv=2).fit(X, y)
    trial = net.on_epoch_finished.trial
    GridSearchCV(net, grid, cv=2, refit=False, error_score="raise").fit(X, y)
    assert list(reported(trial)) == list(range(1, 9))
