import pytest

from skconv.models.caffe.convert import from_caffe


@pytest.fixture
def file(tmp_path):
    """Write a text file and return its path."""

    def file(text, name="net.prototxt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return file


@pytest.fixture
def read(file):
    """Read a layout without weights."""
    return lambda text, **how: from_caffe(file(text), **how)


@pytest.fixture
def layer(read):
    """Read a layout of one layer after an input, and return its network."""

    def layer(kind, params="", shape=(2, 4, 7, 6), name="x", top=None):
        dims = " ".join(f"dim: {n}" for n in shape)
        tops = " ".join(f'top: "{t}"' for t in top or [name])
        return read(
            f'input: "data" input_shape {{ {dims} }}\n'
            f'layer {{ name: "{name}" type: "{kind}" bottom: "data" {tops} {params} }}'
        ).network

    return layer
