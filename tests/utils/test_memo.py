import threading

import pytest

from skconv.utils.memo import Shelf


def test_what_is_made_of_the_same_objects_is_made_once():
    shelf, rows, others = Shelf(), [1], [1]
    made = [shelf.once("a", [rows], object) for _ in range(2)]
    assert made[0] is made[1]
    assert shelf.once("a", [others], object) is not made[0]
    assert shelf.once("b", [rows], object) is not made[0]
    assert shelf.once("a", [rows, rows], object) is not made[0]


def test_objects_stay_as_long_as_what_was_made_of_them():
    """Else another object could come to lie at the same address, and be taken for the first."""
    shelf = Shelf()
    made = {shelf.once("a", [[number]], lambda number=number: number) for number in range(50)}
    assert made == set(range(50))


def test_what_fails_is_tried_again():
    shelf = Shelf()
    with pytest.raises(ZeroDivisionError):
        shelf.once("a", [], lambda: 1 / 0)
    assert shelf.once("a", [], lambda: 1) == 1


def test_threads_wait_for_each_other():
    shelf, begun, made = Shelf(), threading.Event(), []

    def make():
        begun.set()
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=shelf.once, args=("a", [], make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun.is_set()
    assert made == [1]
