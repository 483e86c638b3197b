"""Real files that break image readers: each has its expected outcome, and none takes us down.

`hard_outcomes.json` says of every file under `hard` either "ok" or which error it is answered
with. Bombs and crashing files are among them, so they are read in another process, whose address
space is limited.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sightline.photos.read import Facts, PixelRecipe, read_photo
from sightline.photos.walk import WalkRules, walk

OUTCOMES = json.loads((Path(__file__).parent / "hard_outcomes.json").read_text(encoding="utf-8"))
ADDRESS_SPACE = 4 * 2**30
RECIPE = PixelRecipe(size=128, fit="crop", resample="bicubic")

READ_ALL = """
import json, sys, warnings
from pathlib import Path
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
except ImportError:
    pass  # Windows can't limit it
warnings.simplefilter("ignore")
from sightline.errors import PhotoError
from sightline.photos.read import PixelRecipe, read_photo
recipe = PixelRecipe(64, "squash", "bilinear")
for name in json.load(sys.stdin):
    print(json.dumps(name), end=" ", flush=True)  # what a crash leaves behind names its file
    try:
        photo = read_photo(Path(sys.argv[1], name), recipe)
        print(json.dumps("ok"), flush=True)
    except PhotoError as error:
        print(json.dumps(type(error).__name__), flush=True)
"""


@pytest.fixture(scope="module")
def hard(shared_data: Path) -> Path:
    return shared_data / "hard"


def test_every_hard_file_has_an_expected_outcome(hard: Path) -> None:
    files = {path.relative_to(hard).as_posix() for path in hard.rglob("*") if path.is_file()}
    assert files == set(OUTCOMES)


def test_every_hard_file_is_answered_as_expected_in_limited_memory(hard: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", READ_ALL, str(hard), str(ADDRESS_SPACE)],
        input=json.dumps(sorted(OUTCOMES)),
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-200:]}\n{done.stderr[-2000:]}"
    decoder = json.JSONDecoder()
    got = {}
    for line in done.stdout.splitlines():
        name, end = decoder.raw_decode(line)
        got[name] = json.loads(line[end:])
    wrong = {name: (got[name], OUTCOMES[name]) for name in got if got[name] != OUTCOMES[name]}
    assert wrong == {}
    assert set(got) == set(OUTCOMES)


@pytest.mark.parametrize("scene", ["Landscape", "Portrait"])
def test_one_scene_in_all_orientations_is_one_picture(hard: Path, scene: str) -> None:
    photos = [read_photo(hard / "orientation" / f"{scene}_{n}.jpg", RECIPE) for n in range(9)]
    upright = photos[1]
    for photo in photos:
        assert photo.facts == upright.facts
        cosine = np.corrcoef(photo.pixels.ravel(), upright.pixels.ravel())[0, 1]
        assert cosine > 0.97  # each file has its number painted into the scene
    width, height = upright.facts.width, upright.facts.height
    assert (width > height) == (scene == "Landscape")


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_the_hopper_portrait_is_upright_in_every_orientation(hard: Path, ending: str) -> None:
    files = [hard / "pillow" / f"hopper_orientation_{n}.{ending}" for n in range(2, 9)]
    upright = read_photo(hard / "pillow" / "hopper.jpg", RECIPE).pixels.astype(int)
    for file in files:
        assert np.abs(read_photo(file, RECIPE).pixels - upright).mean() < 8, file.name


def test_turned_fax_pages_are_upright(hard: Path) -> None:
    pages = [read_photo(hard / "pillow" / f"g4_orientation_{n}.tif", RECIPE) for n in range(1, 9)]
    for page in pages[1:]:
        assert page.facts == pages[0].facts
        assert np.abs(page.pixels.astype(int) - pages[0].pixels).mean() < 2


def test_rotations_and_mirrors_of_avif_are_applied(hard: Path) -> None:
    names = [f"rot{turns}mir{mirror}.avif" for turns in range(4) for mirror in range(2)]
    photos = [read_photo(hard / "pillow" / name, RECIPE) for name in names]
    for photo in photos[1:]:
        assert (photo.facts.width, photo.facts.height) == (
            photos[0].facts.width,
            photos[0].facts.height,
        )
        cosine = np.corrcoef(photo.pixels.ravel(), photos[0].pixels.ravel())[0, 1]
        assert cosine > 0.9  # each names its turn in large letters


KNOWN_FACTS = {
    "exif/gps/DSCN0010.jpg": Facts(
        width=640,
        height=480,
        format="JPEG",
        taken_at="2008-10-22T16:28:39",
        latitude=43.4674483,
        longitude=11.8851267,
        camera="NIKON COOLPIX P6000",
    ),
    "exif/tests/11-tests.jpg": Facts(
        width=1136,
        height=775,
        format="JPEG",
        taken_at="2007-09-03T16:03:45",
        camera="Canon DIGITAL IXUS 40",
    ),
    "exif/tests/32-lens_data.jpeg": Facts(
        width=200, height=133, format="JPEG", taken_at="2012-07-14T16:30:12.68", camera="NIKON D300"
    ),
    "exif/tests/67-0_length_string.jpg": Facts(
        width=4032,
        height=2012,
        format="JPEG",
        taken_at="2016-09-12T10:05:31",
        latitude=51.025,
        longitude=7.5919444,
        camera="samsung SM-G930F",
    ),
    "exif/xmp/no_exif.jpg": Facts(
        width=322, height=466, format="JPEG", taken_at="2013-09-23T10:09:46+02:00"
    ),
    "heif/cat.hif": Facts(
        width=4240,
        height=2832,
        format="HEIF",
        taken_at="2020-09-14T11:09:34.641-05:00",
        camera="SONY ILCE-7SM3",
        lens="FE 24-70mm F2.8 GM",
    ),
    "heif/pug.heic": Facts(
        width=4032,
        height=3024,
        format="HEIF",
        taken_at="2023-02-21T14:33:08.302+03:00",
        latitude=44.8504778,
        longitude=34.9766472,
        camera="Apple iPhone 13 Pro",
        lens="iPhone 13 Pro back dual wide camera 5.7mm f/1.5",
    ),
    "pillow/flower.webp": Facts(
        width=480,
        height=360,
        format="WEBP",
        taken_at="2003-12-14T12:01:44",
        camera="Canon PowerShot S40",
    ),
}


@pytest.mark.parametrize("name", sorted(KNOWN_FACTS))
def test_facts_of_real_cameras_are_read(hard: Path, name: str) -> None:
    facts = read_photo(hard / name, RECIPE).facts
    known = KNOWN_FACTS[name]
    assert facts == known


@pytest.mark.parametrize(
    ("one", "other", "levels"),
    [
        ("pil_sample_cmyk.jpg", "pil_sample_rgb.jpg", 12),
        ("hopper.Lab.tif", "hopper.png", 12),
        ("hopper.bmp", "hopper.png", 1),
        ("hopper_lzma.tif", "hopper.png", 1),
        ("hopper.avif", "hopper.png", 6),
        ("hopper.webp", "hopper.png", 6),
        ("transparent.gif", "transparent.png", 12),
        ("tiff_strip_cmyk_jpeg.tif", "pil_sample_rgb.jpg", 12),
        ("tiff_16bit_RGB.tiff", "tiff_16bit_RGB_target.png", 1),
        ("16bit.MM.cropped.tif", "16bit.cropped.tif", 1),
        ("16bit.deflate.tif", "16bit.cropped.tif", 1),
        ("12in16bit.tif", "12bit.cropped.tif", 1),
        ("pil168.tif", "pil168.png", 1),
    ],
)
def test_one_picture_in_two_formats_looks_the_same(
    hard: Path, one: str, other: str, levels: float
) -> None:
    pixels = [
        read_photo(hard / "pillow" / name, RECIPE).pixels.astype(int) for name in (one, other)
    ]
    assert np.abs(pixels[0] - pixels[1]).mean() <= levels


def test_a_walk_finds_every_hard_file_with_a_photos_ending(hard: Path) -> None:
    reports: list[tuple[bytes, str]] = []
    rules = WalkRules()
    found = {
        Path(os.fsdecode(file.path)).relative_to(hard).as_posix()
        for file in walk([hard], rules, lambda path, reason: reports.append((path, reason)))
    }
    foreign = {name for name in OUTCOMES if Path(name).suffix in {"", ".markdown", ".ppm", ".pgm"}}
    assert found == set(OUTCOMES) - foreign
    assert reports == []
