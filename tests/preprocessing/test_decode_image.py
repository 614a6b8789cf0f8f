import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, ImageOps

from skconv.preprocessing.decode_image import (
    FORMATS,
    ImageForm,
    UndecodableImageError,
    check_header,
    image_size,
)

rng = np.random.default_rng(0)
RGB = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
GRAY = RGB[..., 0]
DEEP = rng.integers(0, 2**16, (6, 9), dtype=np.uint16)


def form(size=None, channels=3, resize="crop", background=(255, 255, 255), draft=True):
    return ImageForm(size, channels, resize, "bilinear", background, draft)


def decode(path, image, **fields):
    """Save an image, and return what is read with channels last."""
    image.save(path)
    return np.moveaxis(form(**fields).decode(str(path)), 0, -1)


def luma(rgb):
    """ITU-R 601-2, as Pillow documents it, up to rounding."""
    return rgb @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "tga", "pcx", "jp2"])
def test_colors_are_those_of_the_file(tmp_path, suffix):
    options = {"jp2": {"quality_layers": [0]}}.get(suffix, {})
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, **options)
    read = np.moveaxis(form().decode(str(path)), 0, -1)
    assert (read.shape, read.dtype) == (RGB.shape, np.uint8)
    assert_array_equal(read, RGB)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_known_to_pillow(name):
    Image.init()
    suffixes = {Image.EXTENSION.get(suffix) for suffix in FORMATS[name]} - {None}
    assert suffixes <= {name}
    assert suffixes or name == "AVIF"


@pytest.mark.parametrize(("suffix", "far"), [("jpg", 6), ("webp", 12), ("avif", 12), ("mpo", 6)])
def test_compressed_colors_are_near(tmp_path, suffix, far):
    ramp = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    read = decode(tmp_path / f"a.{suffix}", Image.fromarray(ramp))
    assert np.abs(read.astype(int) - ramp).max() <= far


def test_gray_and_color_become_each_other(tmp_path):
    assert_array_equal(
        decode(tmp_path / "a.png", Image.fromarray(GRAY)), np.repeat(GRAY[..., None], 3, axis=2)
    )
    gray = decode(tmp_path / "b.png", Image.fromarray(RGB), channels=1)
    assert gray.shape == (6, 9, 1)
    assert np.abs(gray[..., 0] - luma(RGB)).max() <= 0.51
    four = decode(tmp_path / "c.png", Image.fromarray(RGB), channels=4)
    assert_array_equal(four[..., :3], RGB)
    assert (four[..., 3] == 255).all()


def test_bits_become_black_and_white(tmp_path):
    bits = GRAY > 127
    read = decode(tmp_path / "a.png", Image.fromarray(bits), channels=1)
    assert_array_equal(read[..., 0], np.where(bits, 255, 0))


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_transparent_shows_the_background(tmp_path, channels):
    alpha = rng.integers(0, 256, (6, 9), dtype=np.uint8)
    image = Image.fromarray(np.dstack([RGB, alpha]))
    color = (10, 200, 60)
    read = decode(tmp_path / "a.png", image, channels=channels, background=color)
    share = alpha[..., None] / 255
    mixed = RGB * share + np.array(color) * (1 - share)
    expected = mixed if channels == 3 else luma(mixed)[..., None]
    assert np.abs(read - expected).max() <= 1.5
    kept = decode(tmp_path / "a.png", image, channels=4)
    assert_array_equal(kept, np.dstack([RGB, alpha]))


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_palettes_are_looked_up_and_may_have_a_transparent_color(tmp_path, suffix):
    index = (np.arange(54).reshape(6, 9) % 4).astype(np.uint8)
    palette = rng.integers(0, 256, (4, 3), dtype=np.uint8)
    image = Image.fromarray(index).convert("P")
    image.putdata(index.ravel())
    image.putpalette(palette.ravel())
    assert_array_equal(decode(tmp_path / f"a.{suffix}", image), palette[index])
    image.save(tmp_path / f"b.{suffix}", transparency=2)
    shown = np.moveaxis(form().decode(str(tmp_path / f"b.{suffix}")), 0, -1)
    assert_array_equal(shown, np.where(index[..., None] == 2, 255, palette[index]))
    clear = np.moveaxis(form(channels=4).decode(str(tmp_path / f"b.{suffix}")), 0, -1)
    assert_array_equal(clear[..., 3] == 0, index == 2)


def test_gray_with_alpha_is_on_the_background_too(tmp_path):
    image = Image.merge("LA", [Image.fromarray(GRAY), Image.new("L", (9, 6), 0)])
    assert (decode(tmp_path / "a.png", image, background=(7, 7, 7)) == 7).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm", "jp2"])
def test_sixteen_bits_keep_the_upper_ones(tmp_path, suffix):
    read = decode(tmp_path / f"a.{suffix}", Image.fromarray(DEEP), channels=1)
    assert_array_equal(read[..., 0], DEEP >> 8)


def test_sixteen_bits_of_another_byte_order(tmp_path):
    image = Image.frombytes("I;16B", (9, 6), DEEP.astype(">u2").tobytes())
    read = decode(tmp_path / "a.tif", image)
    assert_array_equal(read, np.repeat((DEEP >> 8)[..., None], 3, axis=2))


def png(width, height, data, *, depth=16, color=2):
    """The bytes of a PNG file, of which Pillow writes no 16 bits in color."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_sixteen_bits_in_color_keep_the_upper_ones(tmp_path):
    deep = rng.integers(0, 2**16, (4, 5, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    (tmp_path / "a.png").write_bytes(png(5, 4, rows))
    read = form().decode(str(tmp_path / "a.png"))
    assert_array_equal(np.moveaxis(read, 0, -1), deep >> 8)


@pytest.mark.parametrize(("dtype", "kind"), [(np.int32, "integers"), (np.float32, "floats")])
def test_numbers_without_a_known_range_are_refused(tmp_path, dtype, kind):
    path = tmp_path / "a.tif"
    Image.fromarray(GRAY.astype(dtype)).save(path)
    with pytest.raises(UndecodableImageError, match=f"a.tif' holds {kind} of 32 bits, whose range"):
        form().decode(str(path))


def test_inks_become_colors(tmp_path):
    """Of no black, each ink takes its share of the complementary color."""
    inks = np.dstack([RGB, np.zeros_like(GRAY)])
    read = decode(tmp_path / "a.tif", Image.fromarray(inks, mode="CMYK"))
    assert_array_equal(read, 255 - RGB)


@pytest.mark.parametrize(("mode", "far"), [("YCbCr", 3), ("LAB", 6)])
def test_other_color_spaces(tmp_path, mode, far):
    ramp = np.linspace(60, 200, 32 * 3).reshape(4, 8, 3).astype(np.uint8)
    image = Image.fromarray(ramp).convert("RGB")
    converted = (
        ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        if mode == "LAB"
        else image.convert(mode)
    )
    read = decode(tmp_path / "a.tif", converted)
    assert np.abs(read.astype(int) - ramp).max() <= far


@pytest.mark.parametrize("suffix", ["gif", "tif", "webp", "png"])
def test_the_first_of_several_images_is_read(tmp_path, suffix):
    first, second = Image.new("RGB", (5, 4), "white"), Image.new("RGB", (5, 4), "black")
    path = tmp_path / f"a.{suffix}"
    first.save(path, save_all=True, append_images=[second])
    with Image.open(path) as saved:
        assert saved.n_frames == 2
    assert (form().decode(str(path)) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_images_are_upright(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, exif=exif)
    with Image.open(path) as saved:
        expected = np.asarray(ImageOps.exif_transpose(saved).convert("RGB"))
    assert image_size(str(path)) == expected.shape[:2]
    assert_array_equal(np.moveaxis(form().decode(str(path)), 0, -1), expected)


@pytest.mark.parametrize("exif", [b"Exif\0\0damaged", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0"])
def test_damaged_exif_is_ignored(tmp_path, exif):
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path, exif=exif)
    assert_array_equal(np.moveaxis(form().decode(str(path)), 0, -1), RGB)


@pytest.mark.parametrize("source", [(40, 30), (30, 40), (7, 90), (10, 10)])
@pytest.mark.parametrize("size", [(16, 16), (20, 11)])
def test_sizes_are_those_of_pillow(tmp_path, source, size):
    image = Image.fromarray(rng.integers(0, 256, (*source, 3), dtype=np.uint8))
    to, method = size[::-1], Image.Resampling.BILINEAR
    path = tmp_path / "a.png"
    expected = {
        "crop": ImageOps.fit(image, to, method),
        "pad": ImageOps.pad(image, to, method, color="white"),
        "stretch": image.resize(to, method),
    }
    for resize, one in expected.items():
        assert_array_equal(decode(path, image, size=size, resize=resize), np.asarray(one))


@pytest.mark.parametrize("source", [(1, 500), (500, 1), (1, 1)])
@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_thin_images_have_the_size_too(tmp_path, source, resize):
    image = Image.new("RGB", source, "red")
    assert decode(tmp_path / "a.png", image, size=(8, 8), resize=resize).shape == (8, 8, 3)


def test_small_images_are_averages_of_pixels(tmp_path):
    """A checkerboard is gray once its squares are smaller than a pixel."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    read = decode(tmp_path / "a.png", Image.fromarray(board), size=(8, 8), channels=1)
    assert np.abs(read.astype(int) - 127).max() <= 4


def test_padding_of_transparent_images_is_transparent(tmp_path):
    image = Image.new("RGBA", (8, 4), (9, 9, 9, 255))
    read = decode(tmp_path / "a.png", image, size=(8, 8), channels=4, resize="pad")
    assert_array_equal(
        read[..., 3] == 255, np.repeat([False, True, False], [2, 4, 2])[:, None] | np.zeros(8, bool)
    )


@pytest.mark.parametrize("orientation", [1, 6])
def test_large_photos_are_decoded_in_a_lower_resolution(tmp_path, monkeypatch, orientation):
    y, x = np.mgrid[:400, :600]
    wave = (127 + 120 * np.sin(x / 30) * np.cos(y / 50)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    Image.fromarray(wave).save(path, exif=exif, quality=95)
    full = form(size=(20, 40), draft=False).decode(str(path))
    asked = []
    original = Image.Image.resize

    def note(self, size, *args, **kwargs):
        asked.append(self.size)
        return original(self, size, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "resize", note)
    fast = form(size=(20, 40)).decode(str(path))
    assert asked == [(150, 100) if orientation == 1 else (100, 150)]
    assert np.abs(fast.astype(int) - full).max() <= 6


def test_an_image_of_background():
    assert (form(background=(1, 2, 3)).blank((4, 5)) == np.array([1, 2, 3])[:, None, None]).all()
    assert (form(channels=4).blank((4, 5))[3] == 0).all()
    gray = form(channels=1, background=(90, 90, 90)).blank((4, 5))
    assert gray.shape == (1, 4, 5)
    assert (gray == 90).all()


def saved(kind):
    """The bytes of a file."""
    buffer = io.BytesIO()
    Image.fromarray(np.tile(RGB, (8, 8, 1))).save(buffer, kind)
    return buffer.getvalue()


def half(kind):
    """The first half of a file."""
    whole = saved(kind)
    return whole[: len(whole) // 2]


DAMAGED = {
    "empty.jpg": (b"", "is not an image in one of the formats AVIF, BMP, DIB, GIF"),
    "text.png": (b"<html>not found</html>", "is not an image in one of the formats"),
    **{
        f"half.{kind}": (half(kind), "cannot be decoded: ")
        for kind in ("jpeg", "png", "gif", "bmp")
    },
    **{f"half.{kind}": (half(kind), "cannot be decoded: ") for kind in ("tiff", "webp", "ppm")},
    "runs.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image in one of"),
    "nul\0.png": (None, "cannot be decoded: embedded null byte"),
    "missing.png": (None, "missing.png' does not exist$"),
    "http://x/a.png": (None, "does not exist; download what is at a URL to a folder first"),
    ".": (None, "is a folder"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_named(tmp_path, name):
    data, message = DAMAGED[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UndecodableImageError, match=message) as caught:
        form().decode(f"{tmp_path}/{name}")
    assert repr(f"{tmp_path}/{name}") in str(caught.value)


def test_bombs_are_refused_by_their_header(tmp_path, monkeypatch):
    """A file of a few bytes that asks for 3.6 GB."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png(30_000, 30_000, b""))
    for read in (form(size=(8, 8)).decode, check_header, image_size):
        with pytest.raises(
            UndecodableImageError, match=r"bomb.png' has more than 89,478,485 pixels"
        ):
            read(str(path))
    Image.fromarray(RGB).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 53)
    with pytest.raises(
        UndecodableImageError, match=r"more than 53 pixels, the limit PIL.Image.MAX"
    ):
        check_header(str(path))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    check_header(str(path))


def test_files_with_flipped_bytes_raise_no_other_error(tmp_path):
    path, reader = tmp_path / "a", form(size=(8, 8))
    for original in map(saved, ["jpeg", "png", "gif", "tiff"]):
        for _ in range(40):
            changed = bytearray(original)
            for place in rng.integers(0, len(changed), 4):
                changed[place] = rng.integers(256)
            path.write_bytes(changed)
            with suppress(UndecodableImageError):
                assert reader.decode(str(path)).shape == (3, 8, 8)
