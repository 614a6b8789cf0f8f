"""What configs must hold, which several files of tests share."""

import json

from skconv import augment, handlers, init, layers, nonlinearities, objectives, updates
from skconv import regularization as penalties
from skconv.config.decoding import Decoder
from skconv.config.encoding import Encoder
from skconv.config.names import Names
from skconv.errors import Problems

from ..augment.test_contract import EXAMPLES as TRANSFORMS
from ..foreign_modules import LinenConv
from ..handlers.test_base import made
from ..layers.test_contract import EXAMPLES as LAYERS
from ..layers.test_contract import halved, larger, smaller

TRUSTED = (halved, larger, smaller, LinenConv)

ROOMS = (init, nonlinearities, objectives, penalties, updates)

UNWRITTEN = ("Handler", "OptunaPruning")
"""The base class, and the handler that holds a trial of a running study."""

OBJECTS = [
    *(getattr(layers, name)(**fields) for name, (fields, *_) in LAYERS.items()),
    *(getattr(augment, name)(**fields) for name, (fields, *_) in TRANSFORMS.items()),
    *(made(getattr(handlers, name)) for name in handlers.__all__ if name not in UNWRITTEN),
    *(getattr(init, name)() for name in init.__all__ if name[0].isupper() and name != "Array"),
]
"""An object of each public layer, transform, handler and initializer."""

NAMED = [
    *(getattr(room, name) for room in ROOMS for name in room.__all__),
    *map(type, OBJECTS),
]
"""The functions and instances of the vocabularies, and the classes of the objects."""


def written(value, trusted=TRUSTED, arrays=None):
    """Return the plain values of a value, and the shared objects."""
    problems = Problems()
    encoder = Encoder(Names(trusted), problems, arrays)
    plain = encoder.encode(value, "value")
    problems.raise_any()
    return plain, encoder.shared


def read(plain, trusted=TRUSTED, arrays=None, shared=()):
    problems = Problems()
    value = Decoder(Names(trusted), problems, arrays, shared).decode(plain, "value")
    problems.raise_any()
    return value


def through(value, trusted=TRUSTED):
    """Return what a file of JSON would hold of a value."""
    plain, shared = json.loads(json.dumps(written(value, trusted), allow_nan=False))
    return read(plain, trusted, shared=shared)
