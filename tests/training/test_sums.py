from types import SimpleNamespace

import jax.numpy as jnp
import pytest

from skconv.data.fit_arguments import FitArguments
from skconv.estimator.prepare import prepare
from skconv.training.figures import names_of_parts
from skconv.training.sums import add_batch, stack_sums
from skconv.utils.memo import Memo

from ..nets import X, make_net, y


def test_sums_are_stacked_by_name():
    programs = prepare(make_net(), FitArguments(X, y), None, Memo()).programs
    assert programs.train_sums == ["finite", "loss", "weight"]
    assert programs.valid_sums == ["accuracy", "loss", "weight"]
    assert stack_sums({"loss": jnp.array(2.0), "accuracy": jnp.array(1.0)}).tolist() == [1, 2]


def test_a_batch_adds_its_means_by_the_weight_of_its_rows():
    sums, weights = {"weight": 2.0, "loss": 6.0, "accuracy": 1.0}, jnp.array([1.0, 3.0])
    parts = {"loss": [], "accuracy": [(1.0, 4.0), (0.5, 4.0)]}
    plan = SimpleNamespace(weighs_targets=False)
    found = add_batch(plan, sums, weights, {"loss": 0.5}, parts)
    assert found == {"weight": 6, "loss": 8, "accuracy": 4}


def test_a_batch_adds_the_means_of_targets_by_their_own_weight():
    sums = dict.fromkeys(["weight", "loss", *names_of_parts({"loss": 1})], 1.0)
    plan, weights = SimpleNamespace(weighs_targets=True), jnp.array([1.0, 3.0])
    found = add_batch(plan, sums, weights, {"loss": 5.0}, {"loss": [(3.0, 2.0)]})
    assert list(found.values()) == pytest.approx([1 + 4, 1 + 4 * (5 - 3), 1 + 2 * 3, 1 + 2])
