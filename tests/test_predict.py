"""``cnn-raw predict``: pictures as programs write them, and as disks and enemies leave them."""

import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnn_raw import InputError, cli
from cnn_raw.cli import predict as command
from cnn_raw.draw import predict
from cnn_raw.train import build_predict_op

# Strokes of a hand with a mouse, in units of the digit's height.
STROKES = {
    0: [[(50, 10), (30, 20), (22, 45), (25, 70), (40, 90), (60, 90), (76, 70), (78, 40), (68, 18),
         (50, 10)]],
    1: [[(55, 8), (53, 50), (50, 92)]],
    2: [[(25, 30), (35, 14), (55, 10), (72, 22), (70, 42), (50, 62), (28, 86), (50, 86), (80, 88)]],
    3: [[(28, 16), (50, 8), (70, 18), (68, 36), (45, 47), (70, 56), (76, 75), (58, 92), (26, 86)]],
    4: [[(35, 10), (28, 35), (24, 55), (50, 56), (82, 52)], [(66, 12), (64, 50), (60, 95)]],
    5: [[(35, 12), (32, 30), (30, 45), (50, 42), (70, 52), (74, 72), (58, 90), (28, 88)],
        [(35, 12), (55, 12), (78, 10)]],
    6: [[(62, 10), (42, 25), (30, 50), (28, 75), (45, 92), (65, 86), (70, 68), (55, 56), (32, 68)]],
    7: [[(22, 16), (50, 14), (78, 14), (65, 40), (52, 65), (45, 93)]],
    8: [[(66, 20), (48, 10), (32, 22), (40, 42), (62, 58), (68, 78), (50, 92), (32, 80), (38, 60),
         (60, 42), (68, 25), (62, 16)]],
    9: [[(70, 25), (50, 12), (32, 25), (34, 45), (52, 50), (70, 35), (72, 20), (70, 50), (62, 92)]],
}  # fmt: skip


def painted(digit, height=260, brush=18, ink="black", paper="white"):
    """A sheet of 600 x 450 pixels with the digit as a round brush paints it."""
    sheet = Image.new("RGB", (600, 450), paper)
    draw = ImageDraw.Draw(sheet)
    for stroke in STROKES[digit]:
        points = [(90 + x * height / 100, 70 + y * height / 100) for x, y in stroke]
        draw.line(points, fill=ink, width=brush, joint="curve")
        for x, y in points:
            r = brush / 2
            draw.ellipse([x - r, y - r, x + r, y + r], fill=ink)
    return sheet


@pytest.fixture(scope="module")
def run(trained_npz):
    """Weights after an epoch, as a file that ``predict`` takes for RUN."""
    return str(trained_npz)


def test_predict_knows_digits_painted_with_a_brush(first_epoch, tmp_path):
    looks = [
        ("a.png", {}),
        ("b.jpg", {"height": 150, "brush": 6}),
        ("c.gif", {"brush": 30, "ink": "#faf050", "paper": "#14145a"}),
        ("d.bmp", {"brush": 10, "ink": "#c81e1e", "paper": "#f0f0f0"}),
    ]
    paths = []
    for digit in STROKES:
        for name, look in looks:
            paths.append(tmp_path / f"{digit}{name}")
            painted(digit, **look).save(paths[-1])
    found = list(predict.predict_files(first_epoch[0], paths))
    right = [int(path.name[0]) == p.digit for path, p in zip(paths, found, strict=True)]
    assert sum(right) >= 36, [path.name for path, r in zip(paths, right, strict=True) if not r]


def test_predict_raw_gives_what_the_network_gives(first_epoch, mnist, tmp_path):
    weights = first_epoch[0]
    images = mnist.test.images[:20].reshape(-1, 28, 28)
    paths = [tmp_path / f"{i}.png" for i in range(20)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(np.uint8(np.rint(image * 255))).save(path)
    found = list(predict.predict_files(weights, paths, raw=True))
    classes = build_predict_op(weights)(images[..., None])["classes"]
    assert [p.digit for p in found] == classes.numpy().tolist()
    for path, image in zip(paths, images, strict=True):
        np.testing.assert_allclose(
            predict.as_it_is(predict.read_picture(path)), image, atol=1e-6
        )  # the three channels' luminance shares add up to 1 but for rounding: 1.2e-7
    probabilities = np.array([p.probabilities for p in found])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    costs = -np.log(probabilities[np.arange(20), mnist.test.labels[:20].argmax(axis=1)])
    assert costs.mean() < 0.5  # they are probabilities of the digits in their order


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"])
def test_read_picture_reads_every_mode_alike(mode, tmp_path):
    expected = painted(7)
    path = tmp_path / ("7.jpg" if mode == "CMYK" else "7.png")
    if mode == "I;16":
        Image.fromarray(np.asarray(expected.convert("L")).astype(np.uint16) * 257).save(path)
    else:
        expected.convert(mode).save(path, quality=100)
    picture = predict.read_picture(path)
    assert picture.dtype == np.uint8
    difference = np.abs(picture[..., :3] - np.asarray(expected, np.float32))
    assert difference.mean() < 1  # JPEG changes values beside edges


def test_read_picture_keeps_every_grey_of_16_bits(tmp_path):
    greys = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(greys * 257).save(tmp_path / "grey.png")
    picture = predict.read_picture(tmp_path / "grey.png")
    np.testing.assert_array_equal(picture, np.repeat(greys[:, :, None], 3, axis=2))


def test_as_it_is_weighs_colours_and_is_black_where_a_picture_is_transparent():
    picture = np.zeros((28, 28, 4), np.uint8)
    picture[0, :3] = [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)]
    picture[0, 3:5] = [(255, 255, 255, 51), (255, 255, 255, 0)]
    image = predict.as_it_is(picture)
    np.testing.assert_allclose(image[0, :5], [0.299, 0.587, 0.114, 0.2, 0], atol=1e-7)
    assert not image[1:].any()


def test_read_picture_holds_a_photo_as_the_camera_was_held(tmp_path):
    upright = painted(7)
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: turn by 90 degrees clockwise to see it upright
    path = tmp_path / "7.jpg"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)
    picture = predict.read_picture(path).astype(np.float32)
    assert np.abs(picture - np.asarray(upright)).mean() < 1


def test_read_picture_reduces_a_large_one(tmp_path):
    path = tmp_path / "large.png"
    Image.new("L", (5000, 3000), 255).save(path)
    assert max(predict.read_picture(path).shape) <= 2048


def png(width, height):
    """A PNG of this size that has a head and no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    head = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    data = b"IDAT" + zlib.compress(b"")
    data = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return b"\x89PNG\r\n\x1a\n" + head + data


def cut(suffix):
    """The first half of a picture's file."""

    def write(path):
        painted(5).save(path.with_suffix(suffix))
        content = path.with_suffix(suffix).read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return write


BAD = {
    "text": (lambda path: path.write_text("seven"), "not a picture that can be read"),
    "empty": (lambda path: path.touch(), "the file is empty"),
    "missing": (lambda path: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "not a file"),
    # Without pixels in the file, only a refusal before decoding can say that it is too large.
    "bomb": (lambda path: path.write_bytes(png(30_000, 30_000)), "too large"),
    "large": (lambda path: path.write_bytes(png(10_000, 10_000)), "10,000 x 10,000 is too large"),
    "no width": (lambda path: path.write_bytes(png(0, 28)), ""),
    "no pixels": (lambda path: path.write_bytes(png(28, 28)), "damaged"),
    "cut png": (cut(".png"), "damaged"),
    "cut jpg": (cut(".jpg"), "damaged"),
    "cut bmp": (cut(".bmp"), "damaged"),
    "cut gif": (cut(".gif"), "damaged"),
    "tiff": (lambda path: painted(5).save(path, "TIFF"), "give a PNG, JPEG, BMP or GIF"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_read_picture_says_in_one_line_what_is_wrong(case, tmp_path):
    write, says = BAD[case]
    path = tmp_path / "picture"
    write(path)
    with pytest.raises(InputError) as error:
        predict.read_picture(path)
    assert str(error.value).startswith(f"{path}: ")
    assert says in str(error.value) and "\n" not in str(error.value)


def test_read_picture_survives_damage_anywhere(tmp_path):
    rng = np.random.RandomState(2016)
    path = tmp_path / "damaged"
    for form in ("PNG", "JPEG", "BMP", "GIF"):
        painted(3).resize((60, 45)).save(path, form)
        content = path.read_bytes()
        for _ in range(40):
            damaged = bytearray(content)
            for place in rng.randint(0, min(len(content), 400), 3):
                damaged[place] = rng.randint(256)
            path.write_bytes(damaged)
            try:
                picture = predict.read_picture(path)
            except InputError as error:
                assert "\n" not in str(error)
            else:
                assert picture.dtype == np.uint8 and picture.ndim == 3


def test_predict_answers_the_others_when_one_is_bad(run, tmp_path, capsys):
    painted(3).save(tmp_path / "three.png")
    (tmp_path / "bad.png").write_text("no picture")
    Image.new("RGB", (50, 50), "white").save(tmp_path / "blank.png")
    paths = [str(tmp_path / name) for name in ("three.png", "bad.png", "blank.png")]
    assert cli.main(["predict", run, *paths]) == 2
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith(f"{paths[0]}: 3, probability ")
    assert [line.split()[0] for line in lines[1:11]] == list("0123456789")
    assert lines[4].count("█") > 20 and lines[1].count("█") < 20
    assert lines[11:] == [f"{paths[2]}: empty, there is no ink on it"]
    assert err.splitlines() == [
        f"cnn-raw: {paths[1]}: not a picture that can be read; give a PNG, JPEG, BMP or GIF file"
    ]

    assert cli.main(["predict", run, "--json", *paths]) == 2
    three, bad, blank = json.loads(capsys.readouterr().out)
    assert three["image"] == paths[0] and three["digit"] == 3 and not three["empty"]
    assert three["digit"] == int(np.argmax(three["probabilities"]))
    assert "not a picture" in bad["error"]
    assert blank == {
        "image": paths[2],
        "empty": True,
        "digit": None,
        "probabilities": None,
        "warning": None,
    }

    assert cli.main(["predict", run, paths[0]]) == 0
    capsys.readouterr()
    assert cli.main(["predict", run, "--raw", paths[0]]) == 2
    assert (
        capsys.readouterr().err == f"cnn-raw: {paths[0]}: 600 x 450 pixels; --raw takes 28 x 28\n"
    )


def test_predict_warns_of_several_digits_and_of_a_scribble(run, tmp_path, capsys):
    two = Image.new("RGB", (1200, 450), "white")
    two.paste(painted(3), (0, 0))
    two.paste(painted(7), (600, 0))
    two.save(tmp_path / "two.png")
    scribble = Image.new("RGB", (600, 450), "white")
    for y in range(100, 300, 20):
        ImageDraw.Draw(scribble).line([(200, y), (400, y + 10)], fill="black", width=18)
    scribble.save(tmp_path / "scribble.png")
    paths = [str(tmp_path / name) for name in ("two.png", "scribble.png")]
    assert cli.main(["predict", run, *paths]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line[:1] != " "]
    assert heads[0].endswith("; perhaps, but these look like several digits")
    assert heads[1].endswith("; perhaps, but it has more ink than any of MNIST's digits")
    assert cli.main(["predict", run, "--json", paths[0]]) == 0
    assert json.loads(capsys.readouterr().out)[0]["warning"] == "these look like several digits"


def test_predict_says_when_its_run_is_none(tmp_path, capsys):
    painted(3).save(tmp_path / "three.png")
    assert cli.main(["predict", str(tmp_path / "no-run"), str(tmp_path / "three.png")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_text_draws_bars_in_any_encoding():
    prediction = predict.Prediction("x.png", 3, [0.0, 0.25, 0.0, 0.75, *[0.0] * 6])
    assert "  3  75.00% " + "█" * 30 in command.text(prediction).splitlines()
    assert "  1  25.00% " + "#" * 10 in command.text(prediction, "ascii").splitlines()
    assert command.text(prediction, "ascii").isascii()
