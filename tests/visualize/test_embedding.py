import functools

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from skconv.visualize import plot_embedding

from ..nets import TARGETS, X, y


def points(figure):
    clouds = figure.axes[0].collections
    return {cloud.get_label(): np.asarray(cloud.get_offsets()) for cloud in clouds}


def test_rows_are_placed_by_what_feeds_the_output(table_net):
    found = points(plot_embedding(table_net, X, y))
    expected = PCA(2, random_state=0).fit_transform(table_net.get_output("noise", X))
    assert sorted(found) == ["0", "1", "2"]
    for label, own in found.items():
        np.testing.assert_allclose(own, expected[y == int(label)], atol=1e-5)


@pytest.mark.parametrize("layer", ["input", 0])
def test_any_layer_and_method(table_net, layer):
    figure = plot_embedding(table_net, X, y, layer=layer, method=PCA(2, whiten=True))
    expected = PCA(2, whiten=True).fit_transform(X)
    np.testing.assert_allclose(points(figure)["1"], expected[y == 1], atol=1e-5)
    assert figure.axes[0].get_title() == "40 rows in 'input', by PCA"


def test_neighbours_of_few_rows(table_net, monkeypatch):
    monkeypatch.setattr("sklearn.manifold.TSNE", functools.partial(TSNE, max_iter=250))
    figure = plot_embedding(table_net, X[:8], y[:8], method="tsne")
    assert sum(map(len, points(figure).values())) == 8
    assert figure.axes[0].get_title().endswith("by TSNE")


def test_points_are_coloured_by_what_is_predicted_or_given(heads):
    figure = plot_embedding(heads, X, output="kind")
    counts = np.unique(heads.predict(X)[0], return_counts=True)[1]
    sizes = [len(own) for own in points(figure).values()]
    assert sizes == counts.tolist()
    figure = plot_embedding(heads, X, TARGETS["size"][:, 0], output="size")
    cloud = figure.axes[0].collections[0]
    np.testing.assert_allclose(cloud.get_array(), TARGETS["size"][:, 0])
    assert len(figure.axes) == 2


def test_what_cannot_be_drawn(table_net):
    with pytest.raises(
        ValueError, match=r"^method must be 'pca', 'tsne' or have fit_transform, got 'um"
    ):
        plot_embedding(table_net, X, y, method="umap")
    with pytest.raises(ValueError, match=r"^y must have shape \(40,\), got \(3,\)$"):
        plot_embedding(table_net, X, y[:3])
    with pytest.raises(ValueError, match=r"unknown layer 'hiden'. Did you mean 'hidden'\?"):
        plot_embedding(table_net, X, y, layer="hiden")
