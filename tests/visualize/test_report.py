import pickle
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, EmbeddingLayer, InputLayer
from skconv.objectives import cox_loss, pinball_loss
from skconv.visualize import Report, make_report

from ..nets import IMAGES, KINDS, TARGETS, X, make_net, y

VOID = {"meta", "img", "br", "line", "circle", "path"}


class Page(HTMLParser):
    """Reads a page, and fails where tags are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.requests, self.headings, self.tags = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.requests += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)


def page(report):
    read = Page(report.to_html())
    assert all(request.startswith("data:image/png;base64,") for request in read.requests)
    assert "script" not in read.tags
    assert not re.search(r"@import|url\(", report.to_html())
    return read


def test_images_are_reported_with_their_mistakes(net, tmp_path):
    report = make_report(net, IMAGES, KINDS, n=3)
    assert isinstance(report, Report)
    assert repr(report) == "<Report on NeuralNet, 10 test samples>"
    read = page(report)
    assert read.headings == [
        *("Report on NeuralNet, 10 test samples", "Learning curves", "Time", "Test data"),
        *("Confusion matrix", "Classes", "Worst mistakes", "Layers", "Parameters"),
    ]
    wrong = (net.predict(IMAGES) != KINDS).sum()
    assert read.tags.count("img") == min(3, wrong) > 0
    assert f"<b>{np.mean(net.predict(IMAGES) == KINDS):.1%}</b>accuracy" in report.to_html()
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.to_html()
    assert report._repr_html_() in report.to_html()
    assert pickle.loads(pickle.dumps(report)).to_html() == report.to_html()


def test_a_net_has_a_report_on_its_training(table_net):
    report = table_net.report_
    assert page(report).headings[1:] == ["Learning curves", "Time", "Layers", "Parameters"]
    assert b"Report" not in pickle.dumps(table_net)
    assert not [name for name in vars(table_net) if "report" in name]
    with pytest.raises(NotFittedError):
        _ = make_net().report_
    fresh = make_net(input_shape=(None, 5), output_num_units=3).initialize()
    assert page(fresh.report_).headings[1:] == ["Layers", "Parameters"]


def test_a_report_on_the_training_is_made_when_it_is_shown(table_net, monkeypatch):
    made = []
    monkeypatch.setattr("skconv.visualize.report._body", lambda *args: made.append(args) or "")
    report = table_net.report_
    dir(table_net)
    assert made == []
    report._repr_html_()
    report.to_html()
    assert len(made) == 1


def test_labels_and_words_are_escaped():
    labels = np.array(["<script>alert(1)</script>", "a & b", "<b>"])[y]
    frame = pd.DataFrame({f"<i>{i}</i>": column for i, column in enumerate(X.T)})
    search = GridSearchCV(
        make_pipeline(StandardScaler(), make_net()),
        {"neuralnet__update_learning_rate": [0.01, 0.02]},
        cv=2,
    ).fit(frame, labels)
    report = make_report(search, frame, labels)
    read = page(report)
    assert "b" in read.tags  # the numbers of the summary
    assert "i" not in read.tags
    assert "Search" in read.headings
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report.to_html()
    assert "&lt;i&gt;0&lt;/i&gt;=" in report.to_html()


def test_all_outputs_are_reported(heads):
    read = page(make_report(heads, X, TARGETS))
    assert [title for title in read.headings if title.startswith("Test")] == [
        *("Test data: kind", "Test data: sign", "Test data: size"),
    ]


def test_segmentations_are_reported_with_masks(pixels):
    net, images, masks = pixels
    report = make_report(net, images, masks, n=2)
    assert page(report).tags.count("img") == 6
    assert "mean intersection over union" in report.to_html()


def test_targets_of_a_transformed_regression_keep_their_units():
    rows, targets = load_diabetes(return_X_y=True)
    net = make_net(regression=True)
    wrapped = TransformedTargetRegressor(net, transformer=StandardScaler()).fit(rows, targets)
    report = make_report(wrapped, rows, targets)
    error = np.sqrt(np.square(wrapped.predict(rows) - targets).mean())
    assert f"<b>{error:.4g}</b>root mean squared error" in report.to_html()
    assert {"Predicted against true", "Largest errors"} <= set(page(report).headings)


def sequences():
    rows = np.random.default_rng(0).integers(1, 9, (20, 6))
    layers = [
        InputLayer,
        (EmbeddingLayer, {"input_size": 9, "output_size": 3}),
        (DenseLayer, {"num_leading_axes": 2}),
    ]
    return NeuralNet(layers, max_epochs=1), rows, np.where(rows % 3, "O", "B")


def images_of_numbers():
    layers = [InputLayer, (Conv2DLayer, {"num_filters": 2, "filter_size": 1, "nonlinearity": None})]
    return NeuralNet(layers, regression=True, autoencoder=True, max_epochs=1), IMAGES, None


def several_labels():
    return make_net(), X, np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)


def holes():
    targets = np.where(np.arange(len(X)) % 2, np.nan, X[:, 0])
    return make_net(regression=True, ignore_label=np.nan, train_split=None), X, targets


def quantiles():
    options = {"objective_loss_function": pinball_loss, "objective_quantiles": [0.1, 0.9]}
    return make_net(regression=True, **options), X, X[:, 0]


def survival():
    times = np.zeros(len(X), [("event", bool), ("time", float)])
    times["event"], times["time"] = y > 0, 1 + X[:, 0] ** 2
    return make_net(regression=True, objective_loss_function=cox_loss), X, times


def many_classes():
    rows = np.tile(X, (3, 1))
    return make_net(max_epochs=1), rows, [f"class {i % len(X)}" for i in range(len(rows))]


def scores():
    return make_net(output_nonlinearity=None), X, y


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (sequences, ["Confusion matrix", "Classes", "Worst mistakes"]),
        (images_of_numbers, ["Predicted against true", "Largest errors"]),
        (several_labels, ["Labels", "Worst mistakes"]),
        (holes, ["Predicted against true", "Largest errors"]),
        (quantiles, []),
        (survival, []),
        (many_classes, ["Most frequent confusions", "The 30 classes with the lowest F1"]),
    ],
)
def test_any_kind_of_targets_is_reported(make, expected):
    net, rows, targets = make()
    net.fit(rows, targets)
    headings = page(make_report(net, rows, targets)).headings
    found = headings[headings.index("Test data") + 1 : headings.index("Layers")]
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((X, None), r"^y must be given with X, got None$"),
        ((None, y), r"^X must be given with y, got None$"),
        ((X, y[1:]), r"^y must have as many rows as X, 40, got 39$"),
        ((X, y.astype(str)), r"^y must have labels like .*0.*, got .*$"),
    ],
)
def test_data_that_do_not_suit_are_told(table_net, given, message):
    with pytest.raises(ValueError, match=message):
        make_report(table_net, *given)
    with pytest.raises(ValueError, match=r"^n must be a positive integer, got 0$"):
        make_report(table_net, X, y, n=0)
