import optuna
import pytest
from sklearn.model_selection import cross_val_score

from skconv import compile_counts
from skconv.handlers import OptunaPruning

from ..nets import X, make_net, y

optuna.logging.set_verbosity(optuna.logging.WARNING)


def search(objective, n_trials, **options):
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), **options)
    study.optimize(objective, n_trials=n_trials)
    return study


def net_of(trial, **params):
    return make_net(
        update_learning_rate=trial.suggest_float("rate", 1e-4, 1.0, log=True),
        noise_p=trial.suggest_float("dropout", 0.0, 0.5),
        **params,
    )


def test_rates_and_dropout_of_a_study_compile_nothing():
    def objective(trial):
        return cross_val_score(net_of(trial), X, y, cv=2, error_score="raise").mean()

    search(objective, 1, direction="maximize")
    before = compile_counts()
    study = search(objective, 4, direction="maximize")
    assert compile_counts() == before
    assert len({trial.value for trial in study.trials}) > 1
    again = cross_val_score(net_of(study.best_trial), X, y, cv=2).mean()
    assert again == study.best_value


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_median_pruner_ends_trials_that_do_not_learn(n_jobs):
    def objective(trial):
        net = net_of(trial, max_epochs=6, on_epoch_finished=OptunaPruning(trial))
        return net.fit(X, y).train_history_[-1]["valid_loss"]

    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=2)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner)
    for rate in (0.3, 0.2, 1e-4, 2e-4):
        study.enqueue_trial({"rate": rate, "dropout": 0.0})
    study.optimize(objective, n_trials=2)
    study.optimize(objective, n_trials=2, n_jobs=n_jobs)
    found = [(trial.state.name, trial.last_step) for trial in study.trials]
    assert found == [("COMPLETE", 6), ("COMPLETE", 6), ("PRUNED", 2), ("PRUNED", 2)]
