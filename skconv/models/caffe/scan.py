"""Lines and unknown names of a text file of Caffe, which protobuf does not report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...errors import did_you_mean

TOKEN = re.compile(
    r"""(?P<skip>[ \t\r,;]+|\#[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    r"""|[{}<>\[\]:\n]|[^\s{}<>\[\]:,;#"']+|."""
)

DEPTH = 30
"""Most messages within each other; files of Caffe have four."""

LAYERS = ("layer", "layers")

MOST = 20_000
"""Most layers, and most unknown names that are listed."""


class UnknownName(NamedTuple):
    """A field, or a value of an enumeration, that Caffe does not have.

    Parameters
    ----------
    line : int
    layer : int or None
        Index of the layer among those of the file.
    path : str
        The fields that lead to it, such as ``'layer.relu_param.slope'``.
    value : str or None
        The value; None if the field itself is unknown.
    hint : str
        The nearest name, as a sentence with a leading space.
    """

    line: int
    layer: int | None
    path: str
    value: str | None
    hint: str


class Scan(NamedTuple):
    """What a scan of a file has found.

    Parameters
    ----------
    lines : list of int
        Line in which each layer starts.
    old : list of bool
        Whether each layer is in the format V1, a field ``layers``.
    unknown : list of UnknownName
    """

    lines: list[int]
    old: list[bool]
    unknown: list[UnknownName]


def scan(text: str, descriptor: Any) -> Scan:
    r"""Return the lines of the layers, and the names that the messages do not have.

    Parameters
    ----------
    text : str
        A file in the text format of protobuf.
    descriptor : google.protobuf.descriptor.Descriptor
        The message that the file holds.

    Raises
    ------
    ValueError
        If the file has too many layers, or messages that are nested too deeply.

    Examples
    --------
    >>> from skconv.models.caffe.schema import new_message
    >>> found = scan('layer { name: "a" }\nlayer { tops: "b" }', new_message('Net').DESCRIPTOR)
    >>> found.lines, found.unknown[0].path, found.unknown[0].hint
    ([1, 2], 'layer.tops', " Did you mean 'top'?")
    """
    found = Scan([], [], [])
    messages: list[tuple[str, Any]] = [("", descriptor)]
    name, field, start = "", None, 0

    def report(line: int, value: str | None, hint: str) -> None:
        if len(found.unknown) == MOST:
            return
        inside = len(found.lines) - 1 if len(messages) > 1 and messages[1][0] in LAYERS else None
        path = ".".join([outer for outer, _ in messages[1:]] + [name])
        found.unknown.append(UnknownName(line, inside, path, value, hint))

    for token, line, following in _tokens(text):
        if token in "{<":
            if len(messages) == 1 and name in LAYERS:
                found.lines.append(start or line)
                found.old.append(name == LAYERS[1])
                start = 0  # a list has several messages after one name
                if len(found.lines) > MOST:
                    raise ValueError(f"line {line}: a net may have at most {MOST} layers")
            messages.append((name, field.message_type if field else None))
            if len(messages) > DEPTH:
                raise ValueError(f"line {line}: at most {DEPTH} messages may be nested")
        elif token in "}>":
            if len(messages) > 1:
                name, start = messages.pop()[0], 0
                message = messages[-1][1]
                field = message.fields_by_name.get(name) if message else None  # for a list
        elif token in ":[]":
            continue
        elif following in tuple(":{<") and token[0] not in "\"'":
            name, message = token, messages[-1][1]
            field = message.fields_by_name.get(name) if message else None
            if message and field is None:
                report(line, None, did_you_mean(name, message.fields_by_name, most=8))
            start = line
        elif field is not None and field.enum_type and not token.isdigit():
            values = field.enum_type.values_by_name
            if token not in values:
                report(line, token, did_you_mean(token, values, most=8))
    return found


def _tokens(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield each token, its line, and the next token."""
    line, last, last_line = 1, "", 1
    for match in TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif match["skip"] is None:
            if last:
                yield last, last_line, token
            last, last_line = token, line
    if last:
        yield last, last_line, ""
