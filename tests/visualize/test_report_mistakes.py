import re

import numpy as np

from skconv.visualize import make_report

from ..nets import X, make_net, y


def test_the_worst_mistakes_come_first(table_net):
    probabilities, predicted = table_net.predict_proba(X), table_net.predict(X)
    wrong = np.flatnonzero(predicted != y)
    gaps = probabilities.max(axis=1) - probabilities[np.arange(len(y)), y]
    expected = wrong[np.argsort(-gaps[wrong], kind="stable")][:5]
    page = make_report(table_net, X, y, n=5).to_html()
    listed = page.partition("Worst mistakes")[2].partition("</table>")[0]
    assert [int(row) for row in re.findall(r"<tr><td>(\d+)</td>", listed)] == expected.tolist()


def test_without_mistakes_there_is_none(table_net):
    page = make_report(table_net, X, table_net.predict(X)).to_html()
    assert "<h3>Worst mistakes</h3><p>None.</p>" in page


def test_the_largest_errors_come_first():
    net = make_net(regression=True).fit(X, X[:, 0])
    errors = np.abs(net.predict(X) - X[:, 0])
    page = make_report(net, X, X[:, 0], n=4).to_html()
    listed = page.partition("Largest errors")[2].partition("</table>")[0]
    rows = [int(row) for row in re.findall(r"<tr><td>(\d+)</td>", listed)]
    assert rows == np.argsort(-errors, kind="stable")[:4].tolist()
