"""What `pickle` loads of arrays is loaded alike, and anything else is refused."""

import pickle
import pickletools
import re
import struct
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest

from skconv.compat.array_unpickler import INSTRUCTIONS, ArrayUnpickler, PickledArray

TYPES = ["f2", "f4", "f8", ">f4", ">f8", "i1", "i8", ">i2", "u1", "u8", "?"]
VALUES = {
    "numbers": [1, 0, -1, 255, 65535, -(2**31), 2**40, -(2**70), 0.5, np.inf, True, False, None],
    "text": ["", "a", "it's \"\\\n", "Straße", "\u4e16", "x" * 300, "\ud800"],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "dicts": [{}, {"a": 1}, {"a": {"b": [1]}, "c": 2}, OrderedDict(a=1, b=2)],
}


def plain(value):
    """Return a value with arrays in place of what the reader has for them."""
    if isinstance(value, PickledArray):
        return value.array
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_values_are_those_of_pickle(protocol):
    data = pickle.dumps(VALUES, protocol)
    assert plain(ArrayUnpickler(data).load()) == pickle.loads(data)
    shared = [1]
    one, other = ArrayUnpickler(pickle.dumps([shared, shared], protocol)).load()
    assert one is other


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3), (2, 3, 4)])
def test_arrays_are_those_of_pickle(protocol, shape):
    numbers = np.random.default_rng(0).normal(100, 50, shape)
    arrays = [np.asarray(numbers).astype(kind) for kind in TYPES]
    arrays += [np.asfortranarray(array) for array in arrays]
    arrays += [array[()] for array in arrays if not shape]
    data = pickle.dumps([arrays, arrays[0]], protocol)
    expected, _ = pickle.loads(data)
    found, again = plain(ArrayUnpickler(data).load())
    assert again is found[0]
    for one, two in zip(found, expected, strict=True):
        assert one.dtype.newbyteorder("=") == two.dtype.newbyteorder("=")
        assert one.shape == two.shape
        assert one.flags.f_contiguous == two.flags.f_contiguous
        np.testing.assert_array_equal(one, two)


PYTHON_2 = {
    0: b"(dp1\nS'out\\x31'\np2\n(lp3\ncnumpy.core.multiarray\n_reconstruct\np4\n"
    b"(cnumpy\nndarray\np5\n(I0\ntp6\nS'b'\np7\ntp8\nRp9\n(I1\n(I2\ntp10\n"
    b"cnumpy\ndtype\np11\n(S'f4'\np12\nI0\nI1\ntp13\nRp14\n"
    b"(I3\nS'<'\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\n"
    b"S'\\x00\\x00\\x80?\\x00\\x00 \\xc1'\np17\ntp18\nbas.",
    2: b"\x80\x02}q\x01U\x04out1q\x02]q\x03cnumpy.core.multiarray\n_reconstruct\nq\x04"
    b"cnumpy\nndarray\nq\x05K\x00\x85U\x01b\x87Rq\x06(K\x01K\x02\x85"
    b"cnumpy\ndtype\nq\x07U\x02f4K\x00K\x01\x87Rq\x08(K\x03U\x01<NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00 \xc1tbas.",
}
"""What `cPickle` of Python 2.7 with NumPy 1.16 writes of ``{'out1': [array([1, -10])]}``."""


@pytest.mark.parametrize("protocol", PYTHON_2)
def test_arrays_of_python_2(protocol):
    found = plain(ArrayUnpickler(PYTHON_2[protocol]).load())
    (array,) = found["out1"]
    assert array.dtype == np.float32
    assert array.tolist() == [1.0, -10.0]


def test_the_instructions_are_those_of_pickletools():
    """The others make objects, call classes and refer to other files."""
    codes = {info.code.encode("latin1"): info.name for info in pickletools.opcodes}
    others = {name for code, name in codes.items() if code not in INSTRUCTIONS}
    assert INSTRUCTIONS.keys() <= codes.keys()
    assert others == {
        *("PERSID", "BINPERSID", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"),
        *("EMPTY_SET", "ADDITEMS", "FROZENSET", "NEXT_BUFFER", "READONLY_BUFFER", "STOP"),
    }


RECONSTRUCT = b"cnumpy\n_reconstruct\n".replace(b"numpy", b"numpy._core.multiarray")
ARRAY = RECONSTRUCT + b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R"
FLOATS = b"cnumpy\ndtype\nU\x02f4\x85R"


def array_of(shape, values=b"C\x08\x00\x00\x80?\x00\x00\x80?", dtype=FLOATS):
    return ARRAY + b"(K\x01" + shape + dtype + b"\x89" + values + b"tb"


REFUSED = {
    "nothing": (b"", "ends too early"),
    "no end": (b"K\x01", "ends too early"),
    "a name": (b"cos\nsystem\n.", "arrays only, got os.system; if you trust it"),
    "a name on the stack": (b"U\x02osU\x06system\x93.", "arrays only, got os.system"),
    "a list as a name": (b"U\x02os]\x93.", "arrays only, got os"),
    "a long name": (b"c" + b"a" * 10**5 + b"\nb\n.", "arrays only, got a{100}.b; if"),
    "an instance": (b"(ios\nsystem\n.", "has the instruction b'i'"),
    "a persistent id": (b"Pabc\n.", "has the instruction b'P'"),
    "a call of a number": (b"K\x01)R.", "calls something"),
    "a call with other arguments": (b"cnumpy\nndarray\n)R.", "calls something"),
    "another encoding": (b"c_codecs\nencode\nX\x01\x00\x00\x00aU\x04zlib\x86R.", "calls something"),
    "a state of a list": (b"]}b.", "completes something"),
    "a state of an array twice": (array_of(b"K\x02\x85") + b"(K\x01tb.", "completes something"),
    "many bytes": (b"\x8e" + struct.pack("<Q", 2**60) + b".", "ends too early"),
    "a negative size": (b"\x8b" + struct.pack("<i", -1) + b".", "ends too early"),
    "an endless line": (b"S'abc", "ends within a line"),
    "a number in digits": (b"L" + b"1" * 10_000 + b"\n.", "."),
    "an unknown value": (b"h\x05.", "refers to a value that it does not have"),
    "too few values": (b"K\x01\x86.", "takes more values than it has"),
    "values below a mark": (b"K\x01(\x85.", "takes more values than it has"),
    "no mark": (b"K\x01t.", "takes more values than it has"),
    "an end below a mark": (b"K\x01(.", "takes more values than it has"),
    "a number as a list": (b"K\x01K\x02a.", "other than a list"),
    "a number as a dict": (b"K\x01U\x01aK\x02s.", "other than a dict"),
    "a key without a value": (b"(U\x01ad.", "other than a dict"),
    "a key of tuples": (b"}" + b")" + b"\x85" * 10**6 + b"K\x01s.", "keys other than names"),
    "objects": (b"cnumpy\ndtype\nU\x01O\x85R.", "other than numbers"),
    "fields": (FLOATS + b"(K\x03U\x01|N)}J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb.", "numbers"),
    "another shape": (array_of(b"K\x03\x85") + b".", "shape is not that of its values"),
    "a negative shape": (array_of(b"J\xff\xff\xff\xff\x85") + b".", "without a shape"),
    "a huge shape": (array_of(b"(" + b"J\xff\xff\xff\x7f" * 30 + b"t") + b".", "shape is not"),
    "a huge shape of nothing": (
        array_of(b"K\x00\x8a\x09" + b"\xff" * 8 + b"\x00\x86", b"C\x00") + b".", "shape is not"
    ),
    "huge sizes of nothing": (
        array_of(b"(K\x00" + b"J\xff\xff\xff\x7f" * 30 + b"t", b"C\x00") + b".", "."
    ),
    "many dimensions": (array_of(b"(" + b"K\x01" * 70 + b"t") + b".", "shape is not"),
    "other values": (array_of(b"K\x02\x85", b"K\x01") + b".", "without values"),
    "half a value": (array_of(b"K\x02\x85", b"C\x07" + b"a" * 7) + b".", "."),
    "no dtype": (array_of(b"K\x02\x85", dtype=b"U\x02f4") + b".", "without values"),
    "text copied often": (
        b"U\xff" + b"a" * 255 + b"q\x000" + b"c_codecs\nencode\nq\x010" + b"U\x06latin1q\x020"
        + b"h\x01h\x00h\x02\x86R" * 100 + b".",
        "same values too often",
    ),
    "pairs copied often": (
        b"](" + b"U\x01aK\x01\x86" * 100 + b"eq\x000" + b"ccollections\nOrderedDict\nq\x010"
        + b"h\x01h\x00\x85R" * 100 + b".",
        "same values too often",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(name):
    data, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        ArrayUnpickler(data).load()


def test_what_a_pickle_says_takes_no_memory():
    """`pickle` spends 2 GB on a number of 2**27."""
    tracemalloc.start()
    found = ArrayUnpickler(b"]r" + struct.pack("<I", 2**31 - 1) + b".").load()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == []
    assert peak < 2**16


def test_what_is_below_a_mark_is_kept():
    assert ArrayUnpickler(b"K\x01(0\x85.").load() == (1,)
    assert ArrayUnpickler(b"K\x01(K\x02K\x031\x85.").load() == (1,)
    assert ArrayUnpickler(b"K\x012\x86.").load() == (1, 1)


def test_nothing_is_called(capsys):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(ValueError, match=re.compile("arrays only, got (builtins|__builtin__)")):
            ArrayUnpickler(pickle.dumps([Evil()], protocol)).load()
    assert capsys.readouterr().out == ""
