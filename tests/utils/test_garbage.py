import gc
from weakref import ref

import pytest

from skconv.utils.garbage import postpone_collections


def test_collections_go_on_after_an_error():
    with pytest.raises(ZeroDivisionError), postpone_collections():
        1 / gc.isenabled()
    assert gc.isenabled()


def test_collections_that_are_switched_off_stay_off():
    gc.disable()
    try:
        with postpone_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


class Cycle:
    """An object that refers to itself, so only a collection frees it."""

    def __init__(self):
        self.me = self


def of_oldest_generation(item):
    return any(one is item for one in gc.get_objects(generation=2))


def test_objects_that_all_stay_are_not_looked_through_again():
    with postpone_collections():
        young = Cycle()
    with postpone_collections(all_stay=True):
        old = Cycle()
    assert of_oldest_generation(old)
    assert of_oldest_generation(young)  # so are those made before
    assert gc.get_freeze_count() == 0


def test_objects_that_all_stay_are_collected_in_the_end():
    with postpone_collections(all_stay=True):
        gone = ref(Cycle())
    gc.collect(1)
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_objects_that_the_user_has_frozen_stay_so():
    gc.freeze()
    try:
        with postpone_collections(all_stay=True):
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
