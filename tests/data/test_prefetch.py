import threading
import time

import numpy as np
import pytest

from skconv.data.prefetch import may_give_up, prefetch


def threads():
    return [thread.name for thread in threading.enumerate() if "skconv" in thread.name]


def noting(made, n=5):
    for i in range(n):
        made.append((i, threading.current_thread()))
        yield i


def test_items_come_in_order_from_one_other_thread():
    made = []
    with prefetch(noting(made)) as items:
        assert list(items) == [0, 1, 2, 3, 4]
    assert [i for i, _ in made] == [0, 1, 2, 3, 4]
    assert {thread for _, thread in made} != {threading.current_thread()}
    assert len({thread for _, thread in made}) == 1
    assert threads() == []


def test_the_next_item_is_made_while_one_is_used():
    begun = [threading.Event() for _ in range(3)]

    def items():
        for event in begun:
            event.set()
            yield event

    with prefetch(items()) as coming:
        next(coming)
        assert begun[1].wait(timeout=60)
        assert not begun[2].wait(timeout=0.05)


@pytest.mark.parametrize("used", [1, 2, 3])
def test_one_item_is_made_for_nothing_whoever_is_faster(used):
    made = []
    with prefetch(noting(made)) as items:
        for _ in range(used):
            next(items)
    assert len(made) == used + 1
    assert threads() == []


def test_nothing_is_made_before_the_first_is_asked_for():
    made = []
    with prefetch(noting(made)):
        pass
    assert made == []


def failing(after):
    yield from range(after)
    raise OSError("no such image")


def test_exceptions_surface_where_the_item_is_asked_for():
    with prefetch(failing(2)) as items:
        assert [next(items), next(items)] == [0, 1]
        with pytest.raises(OSError, match="no such image") as caught:
            next(items)
    assert any(entry.name == "failing" for entry in caught.traceback)
    assert threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopIteration, GeneratorExit, ValueError])
def test_no_thread_is_left_after_an_error_in_the_block(error):
    def use():
        with prefetch(range(100)) as items:
            next(items)
            raise error

    with pytest.raises(error):
        use()
    assert threads() == []


def test_settings_of_the_caller_hold_in_the_thread():
    def divide():
        yield np.ones(1) / np.zeros(1)

    with np.errstate(divide="ignore"), prefetch(divide()) as items:
        assert np.isinf(next(items))


def test_an_item_is_given_up_after_an_error_in_the_block():
    steps, ready = [], threading.Event()

    def items():
        yield 0
        ready.set()
        for i in range(1000):
            may_give_up()
            steps.append(i)
            time.sleep(0.01)
        yield 1

    def use():
        with prefetch(items()) as coming:
            next(coming)
            assert ready.wait(timeout=60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert len(steps) < 100
    assert threads() == []
    assert may_give_up() is None  # the caller goes on to work of its own


@pytest.mark.parametrize("error", [None, StopIteration, GeneratorExit])
def test_an_item_is_completed_if_the_block_ends_in_order(error):
    completed, ready, leaving = [], threading.Event(), threading.Event()

    def items():
        yield 0
        ready.set()
        assert leaving.wait(timeout=60)
        time.sleep(0.05)
        may_give_up()
        completed.append(1)
        yield 1

    def use():
        with prefetch(items()) as coming:
            next(coming)
            assert ready.wait(timeout=60)
            leaving.set()
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(error):
            use()
    assert completed == [1]


def test_only_items_of_prefetch_are_given_up():
    assert may_give_up() is None
    with prefetch([0]) as coming:
        next(coming)
        assert may_give_up() is None
