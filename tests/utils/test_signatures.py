import functools
import gc
import inspect
import weakref

import jax
import pytest

from skconv.utils.signatures import signature_of


def plain(a, b=2, *, c=3):
    return a, b, c


class Owner:
    def method(self, x):
        return x

    def __call__(self, y):
        return y


class Unhashable(Owner):
    __hash__ = None


CALLABLES = [
    plain,
    functools.partial(plain, 1),
    Owner,
    Owner().method,
    Owner.method,
    Owner(),
    Unhashable(),
    Unhashable().method,
    jax.jit(plain),
    len,
]


@pytest.mark.parametrize("function", CALLABLES, ids=range(len(CALLABLES)))
def test_signatures_are_those_of_inspect(function):
    for _ in range(2):
        assert signature_of(function) == inspect.signature(function)


def test_a_signature_is_read_once():
    assert signature_of(plain) is signature_of(plain)
    assert signature_of(Owner().method) is signature_of(Owner().method)


def test_functions_are_not_kept_alive():
    def local(x):
        return x

    signature_of(local)
    reference = weakref.ref(local)
    del local
    gc.collect()
    assert reference() is None


def test_what_has_no_signature_raises_as_inspect_does():
    with pytest.raises(TypeError):
        signature_of(3)
    with pytest.raises(ValueError, match="no signature"):
        signature_of(max)
