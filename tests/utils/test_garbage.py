import gc

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
