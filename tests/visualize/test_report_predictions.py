import re

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score, r2_score

from skconv.visualize import make_report

from ..nets import X, make_net, y


def facts(report):
    found = re.findall(r"<div><b>([^<]*)</b>([^<]*)</div>", report.to_html().partition("Test")[2])
    return {name: value for value, name in found}


def test_classes_have_the_metrics_of_scikit_learn(table_net):
    report = make_report(table_net, X, y)
    predicted = table_net.predict(X)
    assert facts(report)["accuracy"] == f"{np.mean(predicted == y):.1%}"
    assert facts(report)["balanced accuracy"] == f"{balanced_accuracy_score(y, predicted):.1%}"
    for score in f1_score(y, predicted, average=None):
        assert f"<td>{score:.1%}</td>" in report.to_html()


def test_classes_that_training_has_not_seen_are_mistakes(table_net):
    strange = y.copy()
    strange[:4] = 7
    report = make_report(table_net, X, strange)
    assert facts(report)["accuracy"] == f"{np.mean(table_net.predict(X) == strange):.1%}"
    assert '<th class="skconv-text">7</th>' in report.to_html()


def test_several_numbers_have_metrics_each():
    targets = np.stack([X[:, 0], 2 * X[:, 1]], axis=1)
    net = make_net(regression=True).fit(X, targets)
    report = make_report(net, X, targets)
    for i in range(2):
        assert f"<td>{r2_score(targets[:, i], net.predict(X)[:, i]):.4g}</td>" in report.to_html()
    assert report.to_html().count('aria-label="predicted against true number') == 2
