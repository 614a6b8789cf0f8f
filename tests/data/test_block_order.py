import numpy as np
import pytest

from skconv import BatchIterator
from skconv.data.block_order import MIXED, block_order, order_of_places
from skconv.data.chunks import iterate_chunks
from skconv.data.fit_arguments import FitArguments
from skconv.data.row_order import row_order
from skconv.data.rows import Rows
from skconv.estimator.prepare import prepare
from skconv.preprocessing import RowView
from skconv.utils.memo import Memo

from ..late import Sorted
from ..nets import X, make_net, y


@pytest.mark.parametrize(("n", "block"), [(1, 4), (97, 4), (96, 4), (10, 100), (50, 1)])
def test_rows_of_a_few_blocks_are_mixed(n, block):
    order = block_order(n, block, np.random.default_rng(0))
    assert sorted(order) == list(range(n))
    blocks = -(-n // block)
    for start in range(0, n - MIXED * block, MIXED * block):
        own = order[start : start + MIXED * block] // block
        assert len(np.unique(own)) <= MIXED + 1  # a short block lets another one in
    if blocks > 2:
        drawn = order[: MIXED * block]
        assert (np.sort(drawn) != drawn).any()
        others = block_order(n, block, np.random.default_rng(1))
        assert (others != order).any()


def test_an_iterator_draws_blocks_by_seed_and_epoch():
    iterator = BatchIterator(4, shuffle="blocks")
    orders = [iterator.order(200, seed=3, epoch=epoch) for epoch in (0, 1)]
    assert (orders[0] != orders[1]).any()
    np.testing.assert_array_equal(orders[0], iterator.order(200, seed=3, epoch=0))
    expected = block_order(200, 4, np.random.default_rng([3, 0]))
    np.testing.assert_array_equal(orders[0], expected)
    own = BatchIterator(4, shuffle="blocks", block=10).order(200, 3, 0)
    np.testing.assert_array_equal(own, block_order(200, 10, np.random.default_rng([3, 0])))
    batches = list(iterator(np.arange(50), np.arange(50)))
    assert sorted(np.concatenate([Xb for Xb, _ in batches])) == list(range(50))


def test_blocks_lie_together_in_the_arrays_whatever_the_order_of_the_rows():
    positions = np.random.default_rng(0).permutation(300)[:200]
    np.testing.assert_array_equal(positions[order_of_places(positions)], np.sort(positions))
    iterator = BatchIterator(5, shuffle="blocks")
    order = row_order(iterator, 200, seed=0, epoch=0, positions=positions)
    assert sorted(order) == list(range(200))
    first = np.sort(positions[order[: MIXED * 5]])
    ranks = np.searchsorted(np.sort(positions), first)
    assert len(np.unique(ranks // 5)) == MIXED
    rows = Rows({"x": np.arange(300.0)[:, None]}, {"x": (1,)}, positions)
    chunks = iterate_chunks(rows, np.arange(200), None, iterator)
    found = np.concatenate([chunk.y[: chunk.steps].ravel() for chunk in chunks])
    np.testing.assert_array_equal(found, order)
    plain = row_order(BatchIterator(5, shuffle=True), 200, 0, 0, positions=positions)
    np.testing.assert_array_equal(plain, np.random.default_rng([0, 0]).permutation(200))


def test_a_net_trains_on_blocks(monkeypatch):
    """Validation rows are in the order of X; each epoch has every row once."""
    iterator = BatchIterator(8, shuffle="blocks", block=2)
    params = {"batch_iterator_train": iterator, "train_split": 0.2, "max_epochs": 1}
    fit = prepare(make_net(**params), FitArguments(X, y), None, Memo())
    assert (np.diff(fit.valid.index) > 0).all()
    nets = [make_net(**params).fit(data, y) for data in (X, RowView(Sorted(X)))]
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 2)
    nets.append(make_net(**params).fit(Sorted(X), y))
    first, *others = (net.predict_proba(X) for net in nets)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-5)


def test_blocks_must_be_meant():
    for options, message in {
        ("block", None): r"^batch_iterator_train__shuffle must be True, False or 'blocks', got 'bl",
        ("blocks", 0): r"^batch_iterator_train__block must be a positive integer or None, got 0",
        (True, 8): r"^batch_iterator_train__block must be None unless shuffle='blocks', got 8",
    }.items():
        shuffle, block = options
        net = make_net(batch_iterator_train=BatchIterator(8, shuffle, block=block))
        with pytest.raises(ValueError, match=message):
            net.fit(X, y)
