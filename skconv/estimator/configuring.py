"""Nets as plain dicts, for files in JSON or YAML."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..config.decoding import FAILED, Decoder
from ..config.encoding import MARKS, Encoder
from ..config.names import Names, full_name, vocabulary
from ..errors import InvalidParameterError, Problems, did_you_mean
from ..utils.versions import version_of

FORMAT = 1
"""Version of the format of configs."""

KEYS = ("format", "skconv", "class", "params", "shared")


class ConfigMixin:
    """Conversion of a net to a plain dict, and back."""

    get_params: Any
    _check_keywords: Any
    _portable: ClassVar[Mapping[str, Any]]

    def to_config(self, trusted: Iterable[Any] | None = None) -> dict[str, Any]:
        """Return the parameters as a plain dict, for a file in JSON or YAML.

        Classes and functions are given by their names, objects by their class and their
        parameters. It does not hold weights; `skconv.save` writes those as well.

        Parameters
        ----------
        trusted : list of str, type or function, default=None
            Your own classes and functions that the config may name, as in
            ``['mypackage.layers.MyLayer']`` or ``[MyLayer]``. Objects of such a class are given by
            the parameters of its constructor, which it must keep as attributes.

        Returns
        -------
        dict
            Of dicts, lists, strings, numbers, True, False and None, with the keys ``'format'``,
            ``'skconv'`` (the version), ``'class'``, ``'params'`` (those that are not the default)
            and, for objects that several others refer to, ``'shared'``.

        Raises
        ------
        TypeError
            With all parameters that hold what has no name, such as a lambda, a finished
            transformation of optax or an array of more than 1,000 values.

        See Also
        --------
        from_config
        skconv.save : Writes the config and all that the net has learned to one file.

        Examples
        --------
        >>> from skconv import NeuralNet
        >>> from skconv.layers import DenseLayer, InputLayer
        >>> layers = [('input', InputLayer), ('output', DenseLayer)]
        >>> config = NeuralNet(layers, output_nonlinearity='softmax', max_epochs=5).to_config()
        >>> config['class'], config['params']['layers'][1]
        ('NeuralNet', {'tuple': ['output', {'class': 'DenseLayer'}]})
        >>> NeuralNet.from_config(config).max_epochs
        5
        """
        problems = Problems()
        config = encode_params(self, Names(trusted), problems)
        problems.raise_any()
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], trusted: Iterable[Any] | None = None) -> Self:
        """Return the net that a config describes.

        Nothing in it is evaluated, and nothing is imported unless it is trusted. Fitting the net
        may still write files if it has handlers that do; look at its ``on_`` parameters first.

        Parameters
        ----------
        config : dict
            As returned by `to_config`, or written by hand. Lists may stand for tuples in layers.
        trusted : list of str, type or function, default=None
            Your own classes and functions that the config may name. This class itself need not be
            among them.

        Returns
        -------
        NeuralNet
            Of the class that the config names, by default this one.

        Raises
        ------
        ValueError
            With all problems, such as unknown names, with the nearest known ones.
        TypeError
            If `config` is not a dict.

        Examples
        --------
        >>> from skconv import NeuralNet
        >>> NeuralNet.from_config({'params': {'update': 'adam', 'hidden_layer_sizes': [50]}})
        NeuralNet(hidden_layer_sizes=[50], update='adam')
        """
        if not isinstance(config, Mapping):
            hint = "; json.load and yaml.safe_load read one from a file"
            given = type(config).__name__
            raise TypeError(f"config must be a dict as to_config returns it, got {given}{hint}")
        problems = Problems()
        net = decode_params(cls, config, Names(trusted), problems)
        problems.raise_any()
        return net


def encode_params(
    net: Any, names: Names, problems: Problems, arrays: dict[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """Return the config of a net; problems are collected.

    Parameters
    ----------
    net : NeuralNet
    names : Names
    problems : Problems
    arrays : dict of str to array, optional
        As for `Encoder`.
    """
    encoder = Encoder(names, problems, arrays)
    given = net.get_params(deep=False)
    given = {"layers": given["layers"], **given}  # keywords may refer to parameters of the layers
    given |= {name: convert(given[name]) for name, convert in net._portable.items()}
    signature = inspect.signature(type(net).__init__).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    params = {
        name: encoder.encode(value, name)
        for name, value in given.items()
        if not (name in defaults and _is_same(value, defaults[name]))
    }
    config: dict[str, Any] = {"format": FORMAT, "skconv": version_of("skconv")}
    config |= {"class": _name_of_class(type(net)), "params": params}
    return config | ({"shared": encoder.shared} if encoder.shared else {})


def decode_params(
    cls: Any,
    config: Mapping[str, Any],
    names: Names,
    problems: Problems,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Return the net of a config, or None if problems were found.

    Parameters
    ----------
    cls : type
        Class of nets from which that of the config may derive.
    config : mapping
    names : Names
    problems : Problems
    arrays : mapping of str to array, optional
        As for `Decoder`.
    """
    for key in config:
        if key not in KEYS:
            hint = did_you_mean(str(key), KEYS)
            if key in inspect.signature(cls).parameters:
                hint = f" Write it in 'params', as in {{'params': {{{key!r}: ...}}}}."
            problems.add(f"config must have known keys, got {key!r}.{hint}")
    version = config.get("format", FORMAT)
    if type(version) is not int or not 1 <= version <= FORMAT:
        newer = type(version) is int and version > FORMAT
        writer = config.get("skconv", "a newer version")
        problems.add(
            f"format must be a number from 1 to {FORMAT}, got {version!r}"
            + (
                f"; the config was written by skconv {writer}, which this version, "
                f"{version_of('skconv')}, cannot read"
                if newer
                else "; leave it out for a config written by hand"
            )
        )
        return None
    own = _class_of_name(cls, config.get("class"), names, problems)
    params = config.get("params", {})
    if not isinstance(params, Mapping) or not all(type(name) is str for name in params):
        problems.add(f"params must be a dict with names as keys, got {type(params).__name__}")
        return None
    try:
        _check_layers(params.get("layers"), problems)
        decoder = Decoder(names, problems, arrays, config.get("shared", []))
        found = {name: decoder.decode(value, name) for name, value in params.items()}
    except RecursionError:
        problems.add("config must not be nested as deeply as it is")
        return None
    if problems.found or any(value is FAILED for value in found.values()):
        return None
    try:
        net = own(**found)
    except (TypeError, ValueError) as error:  # a name that is reserved, for example
        problems.add(str(error))
        return None
    with problems.collect():
        new = [name for name in found if name not in own._own()]
        net._check_keywords(net.get_params(deep=False), new)
        return net
    return None


def _check_layers(layers: Any, problems: Problems) -> None:
    """Note each entry of layers whose class is a mere text, which would be taken for a name."""
    for i, entry in enumerate(layers if isinstance(layers, list) else ()):
        items = entry if isinstance(entry, list) else [entry]
        if any(isinstance(one, dict) and MARKS & one.keys() for one in items):
            continue
        texts = [one for one in items if isinstance(one, str)]
        named = [one for one in texts if isinstance(vocabulary().get(one), type)]
        if named:
            problems.add(
                f"layers[{i}] must have a class, got the text {named[-1]!r}. "
                f"Write {{'class': {named[-1]!r}}}, or 'object' for one with parameters."
            )


def _is_same(value: Any, default: Any) -> bool:
    plain = (int, float, str, bool)
    return value is default or (
        type(value) is type(default)
        and (
            type(value) in plain or (type(value) is tuple and all(type(v) in plain for v in value))
        )
        and repr(value) == repr(default)
    )


def net_classes() -> dict[str, type]:
    """Return the classes of nets that skconv has, by name."""
    found, left = dict[str, type](), list(ConfigMixin.__subclasses__())
    while left:
        cls = left.pop()
        left += cls.__subclasses__()
        public = getattr(sys.modules[cls.__module__], "__all__", ())
        if cls.__module__.startswith(__name__.rpartition(".")[0]) and cls.__name__ in public:
            found[cls.__name__] = cls
    return found


def _name_of_class(cls: type) -> str:
    """Return the name of a class of nets; that of a subclass needs no trust to be written."""
    known = net_classes()
    return cls.__name__ if known.get(cls.__name__) is cls else full_name(cls)


def _class_of_name(cls: Any, name: Any, names: Names, problems: Problems) -> Any:
    """Return the class of a net: one of skconv, the one asked for, or a trusted one."""
    known = net_classes() | {full_name(cls): cls}
    if name is None:
        return cls
    if isinstance(name, str) and name in known:
        found = known[name]
    else:
        try:
            if isinstance(name, str) and "." not in name:
                raise ValueError(
                    f"must be a class of nets, got {name!r}.{did_you_mean(name, net_classes())}"
                )
            found = names.find(name)
        except ValueError as error:
            problems.add(f"class {error}", InvalidParameterError)
            return cls
    if not isinstance(found, type) or not issubclass(found, cls):
        problems.add(
            f"class must be {cls.__name__} or a class that derives from it, got {name!r}",
            InvalidParameterError,
        )
        return cls
    return found
