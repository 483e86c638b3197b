"""A dual encoder that leaves torch: what its model folder must keep, and when it is refused."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee
from tokenizers import Tokenizer

from sightline.encoders import load_encoder
from sightline.errors import ModelError, UsageError
from sightline.training import export
from sightline.training import requantise as requantising
from sightline.training.calibrate import calibrate
from sightline.training.captions import CaptionedPhoto
from sightline.training.dequantise import in_float32
from sightline.training.dual_encoder import (
    DualEncoder,
    ImageEncoder,
    Projection,
    Temperature,
    TextEncoder,
)
from sightline.training.export import Description, ExportReport, export_model
from sightline.training.export_checks import DevSet, Loss, check_losses, check_parity
from sightline.training.export_graphs import IMAGE_FILE, TEXT_FILE, embed_pixels
from sightline.training.features import padded
from sightline.training.onnx_graph import open_session
from sightline.training.pretrained import load_image_tower, tokenizer_json
from sightline.training.quantise import Int8Embedding
from sightline.training.requantise import requantise
from sightline.training.retrieval import Recall
from sightline.training.text_tower import MiniLM, TextConfig

SIZE = 96
DESCRIPTION = Description("small", "a small one", "Lite0 and BERT", "Apache-2.0", "tests", "dots")


@dataclass(frozen=True)
class Exported:
    encoder: DualEncoder
    folder: Path
    report: ExportReport
    dev: DevSet


def small_encoder() -> DualEncoder:
    """Real structure at a small size; the image tower's weights are real, the rest is random."""
    torch.manual_seed(0)
    image = load_image_tower("lite0", SIZE, levels=(11,))
    text = MiniLM(TextConfig(positions=96, width=24, layers=2, heads=3, hidden=48))
    for weight in text.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return DualEncoder(
        ImageEncoder(image, Projection(image.features, 32)),
        TextEncoder(text, Projection(24, 32)),
        Temperature(),
    ).eval()


def small_dev_set(folder: Path) -> DevSet:
    """Parts of real photographs: on plain colours a network's numbers say little."""
    folder.mkdir()
    photos = []
    for name, picture in (("woman", astronaut()), ("cat", chelsea()), ("cup", coffee())):
        for part in range(3):
            path = folder / f"{name}-{part}.png"
            Image.fromarray(picture[part * 50 :, part * 80 : part * 80 + 250]).save(path)
            photos.append(CaptionedPhoto(path, (name, f"part {part} of a {name}")))
    return DevSet.read("parts", photos, Tokenizer.from_str(tokenizer_json()), SIZE)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("export")
    encoder, dev = small_encoder(), small_dev_set(folder / "photos")
    # Towers that never learned to meet have no recall to lose: that check has its own tests.
    report = export_model(
        encoder, DESCRIPTION, tokenizer_json(), [dev], dev.pixels, folder / "small", most_lost=1.0
    )
    return Exported(encoder, folder / "small", report, dev)


def test_an_exported_folder_is_an_encoder(exported: Exported) -> None:
    encoder = load_encoder(exported.folder)
    images = encoder.embed_images(list(exported.dev.pixels))
    texts = encoder.embed_texts(["red", "a blue car"])
    assert encoder.spec.name == "small"
    assert encoder.spec.image.fit == "squash"
    assert images.shape == (9, encoder.dimensions)
    assert texts.shape == (2, encoder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-5)


def test_float_graphs_agree_with_torch(exported: Exported) -> None:
    assert exported.report.lowest_cosine > 0.99999


def test_what_ships_stays_near_what_was_trained(exported: Exported) -> None:
    encoder = load_encoder(exported.folder)
    ids, mask = padded(exported.dev.tokens)
    with torch.inference_mode():
        images = exported.encoder.image(torch.from_numpy(exported.dev.pixels)).numpy()
        texts = exported.encoder.text(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    shipped = encoder.embed_texts(["woman", "part 0 of a woman", "woman", "part 1 of a woman"])
    assert (images * encoder.embed_pixels(exported.dev.pixels)).sum(axis=1).min() > 0.95
    assert (texts[:4] * shipped).sum(axis=1).min() > 0.95


def test_a_photos_vector_does_not_depend_on_its_batch(exported: Exported) -> None:
    encoder = load_encoder(exported.folder)
    together = encoder.embed_pixels(exported.dev.pixels)
    for batch in (1, 3):
        np.testing.assert_allclose(
            encoder.embed_pixels(exported.dev.pixels[:batch]), together[:batch], atol=1e-5
        )


def test_the_patch_grids_add_up_to_the_photos_own_vector(exported: Exported) -> None:
    folder, spec = exported.folder, load_encoder(exported.folder).spec
    assert spec.image.projection is not None
    names = [spec.image.output, spec.image.patches, spec.image.fine_patches]
    vectors, patches, fine = open_session(folder / IMAGE_FILE).run(
        names, {spec.image.input: exported.dev.pixels}
    )
    assert patches.shape == (9, SIZE // 32, SIZE // 32, 1280 + 192)
    assert fine.shape == (9, SIZE // 16, SIZE // 16, 112)
    (again,) = open_session(folder / spec.image.projection).run(
        None, {"features": patches.mean(axis=(1, 2))}
    )
    assert (again * vectors).sum(axis=1).min() > 0.99  # not 1: one of both was rounded to 8 bits


def test_what_belongs_together_is_called_more_probable_than_what_does_not() -> None:
    draw = np.random.default_rng(0)
    images = draw.standard_normal((200, 32)).astype(np.float32)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    texts = images + 0.15 * draw.standard_normal((200, 32)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    fitted = calibrate(texts, images, np.arange(200), "made up")
    cosines = (texts * images).sum(axis=1), (texts * np.roll(images, 1, axis=0)).sum(axis=1)
    own, other = (1 / (1 + np.exp(-(fitted.scale * c + fitted.bias))) for c in cosines)
    assert own.mean() > 0.9
    assert other.mean() < 0.1
    # A probability is right as often as it says.
    assert abs((own.mean() + other.mean()) / 2 - 0.5) < 0.05


def test_model_json_names_the_bytes_of_every_file(exported: Exported) -> None:
    spec = json.loads((exported.folder / "model.json").read_text(encoding="utf-8"))
    files = {"image.onnx", "text.onnx", "text.onnx.data", "projection.onnx", "tokenizer.json"}
    assert set(spec["files"]) == files
    for name, digest in spec["files"].items():
        assert hashlib.sha256((exported.folder / name).read_bytes()).hexdigest() == digest


def test_text_up_to_the_context_is_read_and_more_is_cut(exported: Exported) -> None:
    encoder = load_encoder(exported.folder)
    context = encoder.spec.text.context
    full, longer = "dog " * (context - 2), "dog " * 500
    np.testing.assert_allclose(encoder.embed_texts([full]), encoder.embed_texts([longer]))


def test_all_convolutions_but_the_first_few_and_all_matrices_of_the_text_tower_are_in_8_bits(
    exported: Exported,
) -> None:
    assert convolutions_in_8_bits(exported.folder) == [False] * 3 + [True] * 46
    text = onnx.load(exported.folder / TEXT_FILE).graph
    floats = [t for t in text.initializer if t.data_type == onnx.TensorProto.FLOAT]
    matrices = {t.name for t in floats if len(t.dims) > 1 and min(t.dims) > 1}
    assert matrices <= {"tower.positions"}


def test_graphs_hold_nothing_of_training(exported: Exported) -> None:
    for file in (IMAGE_FILE, TEXT_FILE):
        kinds = {node.op_type for node in onnx.load(exported.folder / file).graph.node}
        assert kinds.isdisjoint({"Dropout", "BatchNormalization", "Pad"})


def test_looking_up_a_word_never_builds_a_float_table(exported: Exported) -> None:
    graph = onnx.load(exported.folder / TEXT_FILE).graph
    tables = [t for t in graph.initializer if list(t.dims) == [30_522, 24]]
    assert [table.data_type for table in tables] == [onnx.TensorProto.INT8]
    readers = {node.op_type for node in graph.node if tables[0].name in node.input}
    assert readers <= {"Gather", "GatherND"}


def test_an_int8_table_is_within_half_a_step_of_the_float_one() -> None:
    table = torch.randn(50, 16) * torch.logspace(-3, 2, 50)[:, None]  # rows of every size
    table[7] = 0
    ids = torch.arange(50)[None]
    steps = table.abs().amax(dim=1, keepdim=True) / 127
    found = Int8Embedding(table)(ids)[0]
    assert found.shape == table.shape
    assert ((found - table).abs() <= steps / 2 * 1.001).all()


def test_a_graph_that_disagrees_with_torch_is_refused(exported: Exported, tmp_path: Path) -> None:
    for file in (IMAGE_FILE, TEXT_FILE, f"{TEXT_FILE}.data"):
        (tmp_path / file).write_bytes((exported.folder / file).read_bytes())
    # Eight-bit graphs in the place of float ones: close, but not what float must be.
    with pytest.raises(ModelError, match="disagrees with torch: cosine"):
        check_parity(exported.encoder, tmp_path, exported.dev)


def test_8_bits_that_cost_more_than_a_point_of_recall_at_10_are_refused() -> None:
    before = Recall(0.2, 0.5, 0.640)
    check_losses([Loss("dev", before, Recall(0.1, 0.4, 0.631))])
    with pytest.raises(ModelError, match=r"8-bit weights cost 0\.011 of recall@10 on dev"):
        check_losses([Loss("dev", before, Recall(0.3, 0.6, 0.629))])


def test_a_refused_export_leaves_the_folder_as_it_was(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ruined(write: Callable[..., None]) -> Callable[..., None]:
        def write_another(encoder: ImageEncoder, path: Path) -> None:
            write(replace_projection(encoder), path)

        return write_another

    def replace_projection(encoder: ImageEncoder) -> ImageEncoder:
        return ImageEncoder(encoder.tower, Projection(encoder.tower.features, 32))

    monkeypatch.setattr(export, "write_image_graph", ruined(export.write_image_graph))
    target = tmp_path / "model"
    target.mkdir()
    (target / "model.json").write_text("the old one")
    with pytest.raises(ModelError, match="image graph disagrees"):
        export_model(
            exported.encoder,
            replace(DESCRIPTION, name="ruined"),
            tokenizer_json(),
            [exported.dev],
            exported.dev.pixels,
            target,
        )
    assert [path.name for path in target.iterdir()] == ["model.json"]
    assert (target / "model.json").read_text() == "the old one"


def test_a_model_put_into_8_bits_anew_sees_nearly_what_it_saw(
    exported: Exported, tmp_path: Path
) -> None:
    pixels = exported.dev.pixels
    requantise(exported.folder, [exported.dev], pixels, tmp_path, most_lost=1.0, first_in_float=1)
    before, after = load_encoder(exported.folder), load_encoder(tmp_path)  # which checks all hashes
    assert convolutions_in_8_bits(tmp_path) == [False] + [True] * 48
    cosines = (before.embed_pixels(pixels) * after.embed_pixels(pixels)).sum(axis=1)
    assert 0.95 < cosines.min() < 0.99999  # near, and not the same file
    assert np.array_equal(before.embed_texts(["a dog"]), after.embed_texts(["a dog"]))
    assert before.id != after.id
    assert before.spec.name == after.spec.name


def test_a_model_that_8_bits_anew_would_spoil_is_not_written(
    exported: Exported, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="of recall@10 on parts"):
        requantise(
            exported.folder, [exported.dev], exported.dev.pixels, tmp_path / "new", most_lost=-1
        )
    assert not (tmp_path / "new").exists()


def test_the_float_graph_of_8_bit_weights_gives_nearly_the_same(
    exported: Exported, tmp_path: Path
) -> None:
    graph = in_float32(exported.folder / IMAGE_FILE)
    onnx.save(graph, tmp_path / IMAGE_FILE)
    assert not [node for node in graph.graph.node if "Quantize" in node.op_type]
    pixels = exported.dev.pixels
    found = embed_pixels(tmp_path / IMAGE_FILE, pixels)
    assert (found * embed_pixels(exported.folder / IMAGE_FILE, pixels)).sum(axis=1).min() > 0.98


@pytest.mark.parametrize(
    ("file", "said"), [("tokenizer.json", "tokenizer.json"), (IMAGE_FILE, IMAGE_FILE)]
)
def test_a_damaged_model_is_not_made_a_sound_one(
    exported: Exported, tmp_path: Path, file: str, said: str
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(exported.folder, damaged)
    with (damaged / file).open("ab") as end:
        end.write(b" ")
    with pytest.raises(ModelError, match=said):
        requantise(damaged, [exported.dev], exported.dev.pixels, tmp_path / "new", most_lost=1.0)
    assert not (tmp_path / "new").exists()


def test_what_is_no_graph_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / IMAGE_FILE).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"^[^\n]*is no image graph[^\n]*$"):
        in_float32(tmp_path / IMAGE_FILE)


def test_a_model_is_never_put_into_8_bits_in_its_own_folder(
    exported: Exported, tmp_path: Path
) -> None:
    folder = str(exported.folder)
    with pytest.raises(UsageError, match="own folder"):
        requantising.main(["--model", folder, "--data", str(tmp_path), "--out", folder])
    with pytest.raises(UsageError, match="caltech101 is missing"):
        requantising.main(["--model", folder, "--data", str(tmp_path), "--out", str(tmp_path)])


def convolutions_in_8_bits(folder: Path) -> list[bool]:
    """Of each convolution of a folder's image graph, in order."""
    graph = onnx.load(folder / IMAGE_FILE).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    weights = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    return [makers.get(weight) == "DequantizeLinear" for weight in weights]
