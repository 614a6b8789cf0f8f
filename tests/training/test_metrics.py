import jax.numpy as jnp
import numpy as np

from skconv.training.metrics import concatenate_batches, wait_for_previous, weighted_means


def test_batches_are_joined_to_rows():
    parts = [jnp.arange(8.0).reshape(2, 2, 2), jnp.arange(8.0, 16).reshape(2, 2, 2)]
    assert concatenate_batches(parts, 7).tolist() == np.arange(16.0).reshape(8, 2)[:7].tolist()
    one, other = concatenate_batches([(part, part[..., 0]) for part in parts], 5)
    assert one.shape == (5, 2)
    assert other.tolist() == [0, 2, 4, 6, 8]


def test_copies_of_all_rows_follow_each_other():
    """A batch of two rows holds both rows, copy after copy."""
    batch = jnp.array([[0, 1, 10, 11], [2, 3, 12, 13]])
    assert concatenate_batches([batch], 3, copies=2).tolist() == [0, 1, 2, 10, 11, 12]


def test_sums_become_means_of_each_epoch():
    sums = [jnp.array([[6.0, 2.0], [0.0, 0.0]]), jnp.array([[4.0, 3.0], [8.0, 2.0]])]
    assert [row["loss"] for row in weighted_means(sums, ["loss", "weight"])] == [2.0, 4.0]
    assert weighted_means(sums, ["loss", "weight"])[0].keys() == {"loss"}


def test_all_but_the_last_are_waited_for():
    class Array:
        def __init__(self):
            self.waited = False

        def block_until_ready(self):
            self.waited = True
            return self

    found = [Array(), Array(), Array()]
    wait_for_previous(found[:1])
    wait_for_previous(found)
    assert [one.waited for one in found] == [False, True, False]
