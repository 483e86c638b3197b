"""What tests are made of: small photos, and a small encoder that is real in every part."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from sightline import DualEncoder, IndexOptions, IndexReport, Library, Query
from sightline.errors import ModelError
from sightline.library.indexer import index_folders
from sightline.library.place import Place
from sightline.library.reader import LibraryReader

WORDS = ("red", "green", "blue", "yellow", "white", "black", "cyan", "magenta")
COLOURS = {
    "red": (230, 20, 20),
    "green": (20, 200, 20),
    "blue": (20, 20, 230),
    "yellow": (230, 230, 20),
    "white": (245, 245, 245),
    "black": (10, 10, 10),
    "cyan": (20, 220, 220),
    "magenta": (220, 20, 220),
}
SIZE = 32
GRID = 4


def make_model(folder: Path, name: str = "tiny", seed: int = 0) -> Path:
    """Write a model folder whose space is the mean colour in a grid of cells.

    The image graph averages colour in 4 x 4 cells and projects it; the text graph gives a colour's
    word the vector of a picture in that colour. So "red" really finds red pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cells = 3 * GRID * GRID
    dimensions = 64
    rng = np.random.default_rng(seed)
    projection = np.linalg.qr(rng.standard_normal((dimensions, cells)))[0].T.astype(np.float32)
    _save(_image_graph(projection), folder / "image.onnx")
    _save(_text_graph(projection), folder / "text.onnx")
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: at + 2 for at, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    spec = {
        "name": name,
        "title": "a test's encoder",
        "dimensions": dimensions,
        "image": {"size": SIZE, "fit": "squash", "resample": "bicubic"},
        "text": {"context": 16},
        "architecture": "mean colour of 16 cells",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "files": {
            file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
            for file in ("image.onnx", "text.onnx", "tokenizer.json")
        },
    }
    (folder / "model.json").write_text(json.dumps(spec))
    return folder


def make_photo(
    path: Path, colour: str | tuple[int, int, int] = "red", seed: int = 0, **save: object
) -> Path:
    """Write a small picture of one colour with a little noise: its own bytes for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = COLOURS[colour] if isinstance(colour, str) else colour
    noise = np.random.default_rng(seed).integers(-8, 9, (24, 36, 3))
    pixels = np.clip(np.asarray(rgb) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, **save)
    return path


def _image_graph(projection: np.ndarray) -> onnx.GraphProto:
    cell = SIZE // GRID
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["planes"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("Sub", ["flat", "grey"], ["centred"]),
        helper.make_node("MatMul", ["centred", "projection"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embedding"], axis=1, p=2),
    ]
    constants = {"projection": projection, "grey": np.float32([120.5])}
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIZE, SIZE, 3])
    return _graph("image", nodes, [pixels], constants)


def _text_graph(projection: np.ndarray) -> onnx.GraphProto:
    colours = np.array([COLOURS[word] for word in WORDS], dtype=np.float32) - 120.5
    pictures = np.repeat(colours, GRID * GRID, axis=1).reshape(len(WORDS), -1)
    unknown = np.zeros((2, pictures.shape[1]), dtype=np.float32)
    unknown[1, ::7] = 40.0
    table = np.concatenate([unknown, pictures]).astype(np.float32) @ projection
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["words", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "second"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "never_zero"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embedding"], axis=1, p=2),
    ]
    constants = {
        "table": table,
        "last": np.int64([-1]),
        "second": np.int64([1]),
        "never_zero": np.full(table.shape[1], 1e-3, dtype=np.float32),
    }
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    return _graph("text", nodes, inputs, constants)


def _graph(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    constants: dict[str, np.ndarray],
) -> onnx.GraphProto:
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", "d"])
    tensors = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    return helper.make_graph(nodes, name, inputs, [output], tensors)


def _save(graph: onnx.GraphProto, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)


class CountingEncoder(DualEncoder):
    """Counts the photos it embeds, and fails on those that a test says it can't."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.embedded = 0
        self.refuses: Callable[[np.ndarray], bool] = lambda picture: False

    def embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        if any(self.refuses(picture) for picture in pixels):
            raise ModelError("the graph failed on this batch")
        self.embedded += len(pixels)
        return super().embed_pixels(pixels)

    def require_images(self) -> None:
        embedded = self.embedded
        super().require_images()
        self.embedded = embedded


class Home:
    """A folder of photos, a library beside it, and an encoder that counts."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.photos = folder / "photos"
        self.photos.mkdir(parents=True)
        self.model = model
        self.place = Place(folder / "library")
        self.encoder = CountingEncoder(model)
        self._seed = 0

    def add(self, name: str, colour: str = "red") -> Path:
        """A new photo, unlike any other."""
        self._seed += 1
        return make_photo(self.photos / name, colour, self._seed)

    def index(self, *roots: Path, **options: Any) -> dict[str, int]:
        """Index the photos folder, or these roots. Returns the counts that are not zero."""
        report = index_folders(
            self.place,
            roots or (self.photos,),
            self.encoder,
            str(self.model),
            IndexOptions(**({"lanes": 1} | options)),
            lambda progress: None,
        )
        return nonzero(report)

    def open(self) -> Library:
        """The library, through the public door. Close it after use."""
        return Library.open(self.place.folder)

    def find(self, words: str | Query, k: int = 100, **options: Any) -> list[str]:
        """Names of the photos found, relative to the photos folder, best first."""
        with self.open() as library:
            matches = library.search(words, k=k, **options)
        return [os.path.relpath(path, self.photos) for match in matches for path in match.paths]

    def known(self) -> dict[str, str]:
        """What the record says is there: path → hash."""
        with LibraryReader(self.place) as reader:
            rows = reader.query(
                "SELECT path, hash FROM paths JOIN photos ON photos.id = photo"
                " WHERE gone_in IS NULL"
            )
        return {os.path.relpath(os.fsdecode(path), self.photos): hash_ for path, hash_ in rows}

    def problems(self) -> list[str]:
        """What `status --check` would say."""
        with self.open() as library:
            return library.check()

    def failures(self) -> dict[str, str]:
        """Files that could not be used, with the reason."""
        with self.open() as library:
            return {
                os.path.relpath(os.fsdecode(failure.path), self.photos): failure.reason
                for failure in library.failures()
            }


def nonzero(report: IndexReport) -> dict[str, int]:
    """The counts of a report that are not zero."""
    kinds = ("new", "changed", "moved", "unchanged", "gone", "duplicate", "failed")
    return {kind: getattr(report, kind) for kind in kinds if getattr(report, kind)}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file under a folder with its time and bytes: equal trees, and nothing was written."""
    return {
        os.path.relpath(path, folder): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
