"""Captioned photos from files, class folders and shards; what is checked before a run begins."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from sightline.errors import UnreadablePhoto, UsageError
from sightline.training.data import check_apart, check_there, fingerprint, read_data
from sightline.training.samples import CaptionFile, ClassFolders, Sample, Shards, read_source
from tests.making import make_photo
from tests.training.small import small_run, write_small_photos


def write_shard(path: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return path


def photo_bytes(tmp_path: Path, colour: str) -> bytes:
    return make_photo(tmp_path / f"{colour}.png", colour).read_bytes()


def test_a_caption_file_names_photos_relative_to_itself(tmp_path: Path) -> None:
    write_small_photos(tmp_path / "set", train=3)
    samples = read_source(CaptionFile("set/train.jsonl"), tmp_path)
    assert [sample.file.name for sample in samples] == [f"train-{n}.png" for n in range(3)]
    assert samples[0].read() == (tmp_path / "set" / "train-0.png").read_bytes()
    assert len(samples[0].captions) == 2


def test_a_class_folder_gives_each_photo_every_prompt(tmp_path: Path) -> None:
    make_photo(tmp_path / "fruit" / "green_apple" / "1.png")
    make_photo(tmp_path / "fruit" / "pear" / "deep" / "2.png")
    (tmp_path / "fruit" / "pear" / ".hidden").write_text("no photo")
    source = ClassFolders("fruit", ("a photo of a {}", "{}, fresh"))
    apple, pear = read_source(source, tmp_path)
    assert apple.captions == ("a photo of a green apple", "green apple, fresh")
    assert pear.file.name == "2.png"


def test_a_template_without_a_place_for_the_class_is_refused() -> None:
    with pytest.raises(ValueError, match="each template needs"):
        ClassFolders("fruit", ("a photo",))


def test_a_shard_is_read_where_it_lies(tmp_path: Path) -> None:
    red, blue = photo_bytes(tmp_path, "red"), photo_bytes(tmp_path, "blue")
    write_shard(
        tmp_path / "a-001.tar",
        {
            "x/0001.png": red,
            "x/0001.txt": b"a red picture\n",
            "x/0002.PNG": blue,
            "x/0002.json": json.dumps({"captions": ["blue", "a blue one"], "id": 7}).encode(),
            "x/0003.png": red,  # nobody said what it is
            "x/0004.txt": b"a sentence of nothing",
        },
    )
    write_shard(tmp_path / "a-002.tar", {"1.png": blue, "1.json": b'{"caption": "azure"}'})
    first, second, third = read_source(Shards("a-*.tar"), tmp_path)
    assert first.captions == ("a red picture",)
    assert first.read() == red
    assert second.captions == ("blue", "a blue one")
    assert (second.read(), third.read()) == (blue, blue)
    assert third.captions == ("azure",)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a-001.tar", "a-002.tar", "blue.png", "red.png"
    ]  # fmt: skip


def test_a_shard_cut_short_keeps_its_whole_photos(tmp_path: Path) -> None:
    red = photo_bytes(tmp_path, "red")
    whole = write_shard(
        tmp_path / "whole.tar", {"1.txt": b"one", "1.png": red, "2.txt": b"two", "2.png": red}
    )
    data = whole.read_bytes()
    second = data.rindex(red)
    (tmp_path / "cut.tar").write_bytes(data[: second + len(red) // 2])
    first, cut = read_source(Shards("cut.tar"), tmp_path)
    assert first.read() == red
    with pytest.raises(UnreadablePhoto):
        cut.read()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (CaptionFile("nothing.jsonl"), "Can't read the captions"),
        (ClassFolders("nothing"), "Can't read the classes"),
        (ClassFolders("empty"), "no captioned photo"),
        (Shards("nothing-*.tar"), "No shard matches"),
        (Shards("packed.tar.gz"), "no plain tar"),
        (Shards("wordless.tar"), "no captioned photo"),
        (Shards("broken.tar"), "no caption"),
    ],
)
def test_data_that_is_not_there_says_so(
    tmp_path: Path, source: CaptionFile | ClassFolders | Shards, message: str
) -> None:
    (tmp_path / "empty" / "class").mkdir(parents=True)
    red = photo_bytes(tmp_path, "red")
    write_shard(tmp_path / "packed.tar.gz", {"1.png": red, "1.txt": b"x"}, "w:gz")
    write_shard(tmp_path / "wordless.tar", {"1.png": red})
    write_shard(tmp_path / "broken.tar", {"1.png": red, "1.json": b"{"})
    with pytest.raises(UsageError, match=message):
        read_source(source, tmp_path)


def test_a_dev_photo_among_the_training_photos_is_found_by_its_bytes(tmp_path: Path) -> None:
    write_small_photos(tmp_path)
    copy = (tmp_path / "dev-2.png").read_bytes()
    (tmp_path / "train-5.png").write_bytes(copy)
    with pytest.raises(UsageError, match=r"1 training photos.*train-5\.png is .*dev-2\.png"):
        read_data(small_run(), tmp_path)


def test_a_dev_photo_hidden_in_a_training_shard_is_found(tmp_path: Path) -> None:
    write_small_photos(tmp_path)
    copy = (tmp_path / "dev-0.png").read_bytes()
    write_shard(tmp_path / "s.tar", {"9.png": copy, "9.txt": b"nine"})
    run = small_run(train=[{"kind": "shards", "path": "s.tar"}])
    with pytest.raises(UsageError, match="dev photos, too"):
        read_data(run, tmp_path)


def test_photos_of_equal_length_that_differ_are_no_overlap(tmp_path: Path) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"abc")
    other.write_bytes(b"abd")
    check_apart([Sample("1", ("x",), one, 3)], [Sample("2", ("x",), other, 3)])


def test_many_missing_photos_are_a_mistake_and_few_are_not(tmp_path: Path) -> None:
    write_small_photos(tmp_path, train=20)
    (tmp_path / "train-0.png").unlink()
    read_data(small_run(), tmp_path)
    for number in range(1, 5):
        (tmp_path / f"train-{number}.png").unlink()
    with pytest.raises(UsageError, match="5 of 20 photos of the training set are not there"):
        read_data(small_run(), tmp_path)
    check_there([], "nothing")


def test_data_is_known_again_wherever_its_folder_lies(tmp_path: Path) -> None:
    marks = []
    for name, captions in (("a", ["x"]), ("b", ["x"]), ("c", ["y"])):
        folder = tmp_path / name
        make_photo(folder / "1.png", "red", 1)
        (folder / "set.jsonl").write_text(json.dumps({"file": "1.png", "captions": captions}))
        marks.append(fingerprint(read_source(CaptionFile("set.jsonl"), folder), []))
    assert marks[0] == marks[1] != marks[2]
