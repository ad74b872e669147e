"""The preparation of a picture: against MNIST itself and pictures made up for it."""

import math

import numpy as np
import pytest
from photographs import SCENES, photograph
from PIL import Image, ImageDraw

from cnn_raw import InputError
from cnn_raw.draw.photo import prepare_picture
from cnn_raw.draw.prepare import box_of, prepare_ink, several_digits

DIGITS = 1000


@pytest.fixture(scope="module")
def digits(mnist):
    """1,000 test digits over all of them, uint8 (1000, 28, 28), and their classes."""
    images = mnist.test.images.reshape(-1, 28, 28)[::10]
    return np.uint8(np.rint(images * 255)), mnist.test.labels[::10].argmax(axis=1)


@pytest.fixture(scope="module")
def points(digits, first_epoch):
    """A function: the points, 0 to 100, that the network scores on images of the digits."""
    from cnn_raw.train import build_predict_op

    predict = build_predict_op(first_epoch[0])

    def score(images):
        images = np.asarray(images, np.float32)[..., None]
        return 100 * np.mean(predict(images)["classes"] == digits[1][: len(images)])

    return score


def centre(image):
    """The centre of mass, in pixels counted from 0."""
    row, column = np.indices(image.shape)
    return np.array([(image * row).sum(), (image * column).sum()]) / image.sum()


def enlarged(digit, resampling, rng):
    """The digit ten times as large, dark on light, anywhere on a sheet of 420 x 420 pixels."""
    large = np.asarray(Image.fromarray(digit).resize((280, 280), resampling))
    sheet = np.zeros((420, 420), np.uint8)
    top, left = rng.randint(0, 141, 2)
    sheet[top : top + 280, left : left + 280] = large
    return 255 - sheet


def strokes(ink="black", paper="white", size=(300, 200), mode="RGB"):
    """A 7 as a brush paints it."""
    image = Image.new(mode, size, paper)
    ImageDraw.Draw(image).line([(60, 40), (120, 44), (80, 150)], fill=ink, width=9)
    return np.asarray(image)


def test_prepare_leaves_digits_of_mnist_where_and_as_they_are(digits):
    prepared = np.stack([prepare_picture(digit).image for digit in digits[0]])
    originals = digits[0] / 255
    moved = [centre(a) - centre(b) for a, b in zip(prepared, originals, strict=True)]
    assert np.mean(np.abs(moved).max(axis=1) < 0.5) >= 0.97  # measured: 1.0
    assert np.mean(np.abs(prepared - originals).max(axis=(1, 2)) < 0.1) >= 0.97  # 0.974


def test_prepare_costs_digits_of_mnist_no_accuracy(digits, points):
    prepared = [prepare_picture(digit).image for digit in digits[0]]
    assert points(prepared) >= points(digits[0] / 255) - 0.5


@pytest.mark.parametrize("resampling", [Image.Resampling.NEAREST, Image.Resampling.BICUBIC])
def test_prepare_makes_up_for_size_place_and_inversion(digits, points, resampling):
    rng, some = np.random.RandomState(2016), digits[0][:400]
    prepared = [prepare_picture(enlarged(digit, resampling, rng)).image for digit in some]
    assert points(prepared) >= points(some / 255) - 1.5


def test_prepare_makes_up_for_a_faint_noisy_photo_in_uneven_light(digits, points):
    rng = np.random.RandomState(2016)
    light = np.linspace(0.6, 0.8, 420)[:, None] + np.linspace(0, 0.1, 420)
    photos = []
    for digit in digits[0][:300]:
        dark = 1 - enlarged(digit, Image.Resampling.BICUBIC, rng) / 255
        photos.append(np.clip(light - 0.2 * dark + rng.normal(0, 0.02, light.shape), 0, 1))
    prepared = [prepare_picture(photo).image for photo in photos]
    assert points(prepared) >= points(digits[0][:300] / 255) - 3


@pytest.mark.parametrize("scene", SCENES)
def test_prepare_finds_the_digit_on_a_photograph(digits, points, scene):
    rng = np.random.RandomState(2016)
    photos = [photograph(digit, scene, rng) for digit in digits[0][:10] / 255]
    assert points([prepare_picture(photo).image for photo in photos]) >= 90


def test_prepare_warns_of_several_digits_and_not_of_one(digits):
    images = digits[0]
    assert sum(several_digits(prepare_picture(digit)) for digit in images) <= 2  # measured: 2
    found = [
        several_digits(prepare_picture(np.hstack(images[i : i + 2]))) for i in range(0, 200, 2)
    ]
    assert np.mean(found) > 0.9  # measured: 0.94; in the others the digits touch


@pytest.mark.parametrize("side", [20, 33, 137, 640])  # 640: looked through in blocks of 2
def test_prepare_reduces_by_area(side):
    rng = np.random.RandomState(side)
    ink = rng.uniform(0.3, 1, (side, side)).astype(np.float32)
    ink[rng.uniform(size=ink.shape) < 0.2] = 1
    small = prepare_picture(np.pad(ink, 32)).small
    parts = 20 // math.gcd(20, side)  # with pixels cut into these, each of the 20 has whole ones
    fine = ink.repeat(parts, axis=0).repeat(parts, axis=1)
    expected = fine.reshape(20, len(fine) // 20, 20, len(fine) // 20).mean(axis=(1, 3))
    expected = np.minimum(expected / np.percentile(expected, 85), 1)
    np.testing.assert_allclose(small, expected, atol=1e-5 if side < 500 else 0.01)


def test_prepare_finds_the_box_of_the_ink():
    picture = np.full((90, 120), 255, np.uint8)
    picture[20:61, 70:80] = 0
    prepared = prepare_picture(picture)
    assert prepared.box == (20, 70, 61, 80)
    assert prepared.ink[40, 75] == 1 and prepared.ink[0, 0] == 0
    assert prepared.small.max(axis=1).min() == 1  # top to bottom: the longer side fills the 20
    assert np.count_nonzero(prepared.small.max(axis=0) > 0.01) == 5  # 10 of 41 pixels: 4.9 of 20


def test_prepare_takes_specks_for_dirt():
    clean = strokes()
    dirty = clean.copy()
    dirty[10:13, 10:13] = dirty[190:192, 280:282] = 0
    assert prepare_picture(dirty).box == prepare_picture(clean).box
    np.testing.assert_array_equal(prepare_picture(dirty).image, prepare_picture(clean).image)


def test_prepare_keeps_the_parts_of_a_digit_together():
    picture = np.zeros((100, 100), np.uint8)
    picture[30:70, 30:36] = 255  # two strokes that do not touch
    picture[30:36, 45:60] = 255
    assert prepare_picture(picture).box == (30, 30, 70, 60)


@pytest.mark.parametrize(
    "picture",
    [
        strokes("white", "black"),
        strokes("black", "#e0d8c8"),
        strokes("#c03030", "#f0f0f0"),
        strokes("yellow", "white"),
        strokes("red", "green"),
        strokes("black", (0, 0, 0, 0), mode="RGBA"),
        strokes("white", (0, 0, 0, 0), mode="RGBA"),
        strokes((0, 0, 0, 255), (255, 255, 255, 255), mode="RGBA"),
        strokes(0, 255, mode="L"),
        strokes(0, 255, mode="L") / 255,
        (strokes(0, 255, mode="L") / 255).astype(np.float32),
    ],
)
def test_prepare_gives_the_same_whatever_the_colours(picture):
    expected = prepare_picture(strokes())
    prepared = prepare_picture(picture)
    assert prepared.box == expected.box
    np.testing.assert_allclose(prepared.image, expected.image, atol=1e-5)


def test_prepare_shows_paper_through_the_holes_of_opaque_paper():
    picture = strokes("black", "white", mode="RGBA").copy()
    picture[150:190, 200:290] = 0  # a transparent corner, black underneath
    np.testing.assert_allclose(
        prepare_picture(picture).image, prepare_picture(strokes()).image, atol=1e-5
    )


def test_prepare_moves_the_centre_of_mass_to_the_middle(digits):
    for digit in digits[0][:100]:
        ink = digit / np.float32(255)
        prepared = prepare_ink(ink, box_of(ink))
        assert np.abs(centre(prepared.image) - 14).max() <= 0.5
        unmoved = prepare_ink(ink, box_of(ink), center=False)
        np.testing.assert_array_equal(unmoved.image[4:24, 4:24], unmoved.small)
        assert unmoved.shift == (0, 0)
        np.testing.assert_array_equal(
            np.roll(unmoved.image, prepared.shift, axis=(0, 1)), prepared.image
        )


def test_prepare_without_the_box_takes_the_whole_picture():
    ink = prepare_picture(strokes()).ink
    prepared = prepare_ink(ink, (0, 0, 200, 300))
    assert not prepared.small[:3].any() and not prepared.small[-3:].any()  # the square's margins


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (300, 1), (300, 400, 3), (2, 3, 4)])
@pytest.mark.parametrize("grey", [0, 97, 255])
def test_prepare_says_that_there_is_no_ink(shape, grey):
    prepared = prepare_picture(np.full(shape, grey, np.uint8))
    assert prepared.box is None and prepared.shift == (0, 0)
    assert not prepared.ink.any() and not prepared.small.any() and not prepared.image.any()


def test_prepare_does_not_take_noise_or_shade_for_ink():
    rng = np.random.RandomState(2016)
    light = np.linspace(0.5, 0.8, 480)[:, None] * np.ones(640)
    photo = np.clip(light + rng.normal(0, 0.01, light.shape), 0, 1)
    assert prepare_picture(photo).box is None


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((0, 5), np.uint8), "no pixels"),
        (np.zeros(5, np.uint8), "give .H, W."),
        (np.zeros((5, 5, 2), np.uint8), "give .H, W."),
        (np.zeros((5, 5), np.int64), "give uint8"),
        (np.full((5, 5), 2.0), "from 0 to 1"),
        (np.full((5, 5), np.nan), "from 0 to 1"),
    ],
)
def test_prepare_refuses_what_is_no_picture(picture, says):
    with pytest.raises(InputError, match=says):
        prepare_picture(picture)
