import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv.model_selection.jobs import Job
from skconv.model_selection.shares import cut_shares
from tests.nets import IMAGES, X, make_net


def shares(estimators, count, X=X):
    return cut_shares([Job(one, np.arange(3)) for one in estimators], X, count)


def test_nets_of_an_architecture_are_next_to_each_other():
    nets = [make_net(hidden_num_units=n, random_state=i) for i in range(4) for n in (3, 5)]
    assert shares(nets, 2) == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert shares(nets, 3) == [[0, 2, 4], [6, 1, 3], [5, 7]]
    assert shares(nets[:1], 3) == [[0]]


def test_so_are_pipelines_with_the_same_steps():
    def pipeline(components, rate):
        return make_pipeline(PCA(components), make_net(update_learning_rate=rate))

    made = [pipeline(components, rate) for rate in (0.1, 0.2) for components in (2, 3)]
    assert shares(made, 2) == [[0, 2], [1, 3]]
    others = [LogisticRegression(C=C) for C in (1, 2)] * 2
    assert shares(others, 2) == [[0, 2], [1, 3]]


def test_the_default_network_depends_on_the_rows():
    nets = [make_net(layers=None, conv1_num_filters=n) for n in (3, 4, 3, 4)]
    assert shares(nets, 2, IMAGES) == [[0, 2], [1, 3]]
