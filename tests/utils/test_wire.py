import re

import pytest

from skconv.utils.wire import WireError, fields, varint


def test_fields_of_all_kinds():
    message = bytes([8, 1, 18, 2, 97, 98, 29, 0, 0, 0, 0, 33, *[0] * 8])
    found = [(number, v if isinstance(v, int) else bytes(v)) for number, v in walk(message)]
    assert found == [(1, 1), (2, b"ab"), (3, bytes(4)), (4, bytes(8))]


def walk(message):
    return list(fields(memoryview(message), "the file"))


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (bytes([8]), "the file ends too early, within a number"),
        (bytes([8, *[255] * 10]), "the file has a number of more than ten bytes"),
        (bytes([18, 5, 97]), "the file ends too early: 1 of 5 bytes are left"),
        (bytes([11]), "the file has a field of the unknown kind 3"),
    ],
)
def test_what_is_no_message(message, error):
    with pytest.raises(WireError, match=re.escape(error)):
        walk(message)


def test_integers_of_variable_length():
    assert varint(memoryview(bytes([172, 2])), 0, "a number") == (300, 2)
