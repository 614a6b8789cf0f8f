import numpy as np

from skconv.visualize.report_training import MAX_CANDIDATES, duration, training_sections

from ..nets import X, make_net, y


def row(epoch, **scores):
    losses = {"train_loss": 1 / epoch, "valid_loss": float("nan"), "dur": 0.5}
    return {"epoch": epoch, **losses, **scores}


def test_scores_that_some_epochs_lack_are_drawn():
    net = make_net(max_epochs=1).fit(X, y)
    net.train_history_ = [row(1), row(2, top5=0.5), row(3, top5=0.75)]
    summary, curves, times = training_sections(net, net)
    assert curves.count("<svg") == 2
    assert "<figcaption>top5</figcaption>" in curves
    assert "1.5 s" in summary
    assert "0.5 s" in times


def test_the_best_candidates_of_a_search_are_listed():
    net = make_net(max_epochs=1).fit(X, y)
    count = MAX_CANDIDATES + 2
    scores = np.linspace(0.1, 0.9, count)
    values = np.ma.masked_array(range(count), mask=[i == count - 1 for i in range(count)])
    search = type("Search", (), {})()
    search.best_estimator_ = net
    search.cv_results_ = {
        "param_batch": values,
        "mean_test_score": scores,
        "rank_test_score": np.arange(count, 0, -1),
    }
    from skconv.visualize import report_training

    shown = report_training._candidates(search.cv_results_)
    assert f"The best {MAX_CANDIDATES} of {count} candidates." in shown
    assert shown.index("0.9000") < shown.index("0.8500")
    assert "0.1000" not in shown


def test_times():
    assert [duration(s) for s in (0.0005, 3.21, 60, 7260)] == [
        *("0.5 ms", "3.21 s", "1 min 0 s", "2 h 1 min"),
    ]
