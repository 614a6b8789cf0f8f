import threading

import pytest

from skconv.utils.memo import Memo


def test_what_is_made_of_the_same_objects_is_made_once():
    memo, rows, others = Memo(), [1], [1]
    made = [memo.get("a", [rows], object) for _ in range(2)]
    assert made[0] is made[1]
    assert memo.get("a", [others], object) is not made[0]
    assert memo.get("b", [rows], object) is not made[0]
    assert memo.get("a", [rows, rows], object) is not made[0]


def test_objects_stay_as_long_as_what_was_made_of_them():
    """Else another object could come to lie at the same address, and be taken for the first."""
    memo = Memo()
    made = {memo.get("a", [[number]], lambda number=number: number) for number in range(50)}
    assert made == set(range(50))


def test_what_fails_is_tried_again():
    memo = Memo()
    with pytest.raises(ZeroDivisionError):
        memo.get("a", [], lambda: 1 / 0)
    assert memo.get("a", [], lambda: 1) == 1


def test_threads_wait_for_each_other():
    memo, begun, made = Memo(), threading.Event(), []

    def make():
        begun.set()
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=memo.get, args=("a", [], make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun.is_set()
    assert made == [1]


def test_a_key_that_cannot_be_hashed_keeps_nothing():
    memo, made = Memo(), iter(range(3))
    assert [memo.get(("a", []), [], lambda: next(made)) for _ in range(2)] == [0, 1]
