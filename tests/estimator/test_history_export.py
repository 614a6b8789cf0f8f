import csv
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from skconv import NeuralNet

from ..nets import X, make_net, y


@pytest.fixture(scope="module")
def net():
    return make_net(train_split=None).fit(X, y)


def test_the_history_is_a_frame_on_request(net):
    frame = net.history_
    assert list(frame.index) == [1, 2]
    assert list(frame.columns) == list(net.train_history_[0])[1:]
    assert frame.train_loss[2] == net.train_history_[1]["train_loss"]
    assert frame.train_loss_best.dtype == bool
    assert frame.valid_loss.isna().all()
    assert len(make_net(max_epochs=0).fit(X, y).history_) == 0


def test_the_history_as_csv(net, tmp_path):
    net.save_history_to(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(row) for row in net.train_history_]
    found = pd.read_csv(tmp_path / "history.csv", index_col="epoch")
    pd.testing.assert_frame_equal(found, net.history_)


def test_the_history_as_json(net, tmp_path):
    net.save_history_to(str(tmp_path / "history.json"))
    text = (tmp_path / "history.json").read_text()
    assert "NaN" not in text
    for row, given in zip(json.loads(text), net.train_history_, strict=True):
        finite = {key: None if math.isnan(value) else value for key, value in given.items()}
        assert row == finite


def test_scores_that_come_later_have_a_column(tmp_path):
    net = make_net(warm_start=True, max_epochs=1).fit(X, y)
    net.set_params(scores_train=[("mine", lambda p, y: p[:, 0])]).fit(X, y)
    net.save_history_to(tmp_path / "a.csv")
    mine = pd.read_csv(tmp_path / "a.csv").mine
    np.testing.assert_array_equal(mine.isna(), [True, False])


def test_other_endings_and_nets_that_are_not_fitted(net, tmp_path):
    with pytest.raises(ValueError, match=r"^fname must end in \.csv or \.json, got 'history\.xls'"):
        net.save_history_to(tmp_path / "history.xls")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFittedError, match="not fitted yet"):
        print(NeuralNet().history_)


def test_without_pandas_the_extra_is_told(net, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AttributeError, match=r"needs pandas, .*: pip install 'skconv\[log\]'"):
        print(net.history_)


def test_without_pandas_a_net_can_be_shown_and_completed():
    code = (
        "import sys\n"
        "class Lacking:\n"
        "    def find_spec(self, name, *args):\n"
        "        if name.partition('.')[0] == 'pandas':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Lacking())\n"
        "from skconv import NeuralNet\n"
        "net = NeuralNet(input_shape=(None, 4), output_num_units=3).initialize()\n"
        "print('history_' in dir(net), 'layers_' in dir(net), '5 layers' in net._repr_html_())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr[-400:]) == ("False True True\n", "")
