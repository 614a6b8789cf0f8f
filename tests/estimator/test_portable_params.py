import copy
import pickle
import threading

import pytest
from sklearn.base import BaseEstimator, clone

from skconv.estimator.keyword_params import KeywordEstimator
from skconv.estimator.portable_params import PortableParams


class Worker(KeywordEstimator):
    _portable = {"locks": len}

    def __init__(self, locks=None, rate=1):
        self.locks = locks
        self.rate = rate


class Plain(PortableParams, BaseEstimator):
    _portable = {"lock": str}

    def __init__(self, lock=None):
        self.lock = lock


@pytest.mark.parametrize("copied", [clone, copy.copy, copy.deepcopy])
def test_copies_share_what_cannot_be_copied(copied):
    locks = [threading.Lock()]
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.deepcopy(locks)
    worker = Worker(locks, rate=[2])
    other = copied(worker)
    assert other is not worker
    assert other.locks is worker.locks is locks
    assert other.rate == [2]


def test_pickles_hold_what_any_process_can_use():
    worker = Worker([threading.Lock()], rate=3)
    assert pickle.loads(pickle.dumps(worker)).get_params() == {"locks": 1, "rate": 3}
    assert pickle.loads(pickle.dumps(Plain(7))).lock == "7"
