import numpy as np
import pytest
import torch
from scipy.special import erf
from tokenizers import Tokenizer

from sightline.training.features import padded
from sightline.training.pretrained import load_text_tower, tokenizer_json
from sightline.training.text_tower import MiniLM, TextConfig

SMALL = TextConfig(vocabulary=50, positions=16, width=12, layers=2, heads=3, hidden=20)


def small_tower() -> MiniLM:
    torch.manual_seed(0)
    tower = MiniLM(SMALL).eval()
    for weight in tower.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return tower


def slow_sentence(tower: MiniLM, ids: list[int]) -> np.ndarray:
    """BERT's formulas on one sentence, token by token and head by head, in float64."""
    weights = {name: w.detach().double().numpy() for name, w in tower.state_dict().items()}

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = (x - x.mean()) / np.sqrt(x.var() + SMALL.norm_epsilon)
        return centred * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    size = SMALL.width // SMALL.heads
    xs = [
        norm("norm", weights["words.weight"][i] + weights["positions"][at] + weights["kind"])
        for at, i in enumerate(ids)
    ]
    for number in range(SMALL.layers):
        layer = f"layers.{number}"
        query, key, value = (
            [linear(f"{layer}.attention.{part}", x) for x in xs]
            for part in ("query", "key", "value")
        )
        mixed = []
        for q in query:
            heads = []
            for head in range(SMALL.heads):
                own = slice(head * size, (head + 1) * size)
                scores = np.exp([q[own] @ k[own] / np.sqrt(size) for k in key])
                shares = scores / scores.sum()
                heads.append(sum(s * v[own] for s, v in zip(shares, value, strict=True)))
            mixed.append(linear(f"{layer}.attention.output", np.concatenate(heads)))
        xs = [norm(f"{layer}.attention_norm", x + m) for x, m in zip(xs, mixed, strict=True)]
        wide = [linear(f"{layer}.widen", x) for x in xs]
        gelu = [w * (1 + erf(w / np.sqrt(2))) / 2 for w in wide]
        xs = [
            norm(f"{layer}.norm", x + linear(f"{layer}.narrow", g))
            for x, g in zip(xs, gelu, strict=True)
        ]
    return np.mean(xs, axis=0)


def test_the_tower_computes_berts_formulas() -> None:
    tower = small_tower()
    sentences = [[1, 7, 9, 30, 2], [1, 4, 2]]
    ids, mask = padded(sentences)
    with torch.inference_mode():
        features = tower(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    expected = np.stack([slow_sentence(tower, sentence) for sentence in sentences])
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_padding_changes_nothing() -> None:
    tower = small_tower()
    ids = torch.tensor([[5, 6, 7, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 0, 0, 0]])
    with torch.inference_mode():
        torch.testing.assert_close(tower(ids, mask), tower(ids[:, :3], mask[:, :3]))


def test_a_sentence_of_nothing_but_padding_is_a_number() -> None:
    ids = torch.zeros(1, 3, dtype=torch.int64)
    with torch.inference_mode():
        assert torch.isfinite(small_tower()(ids, ids)).all()


def test_minilm_gives_the_similarities_that_its_makers_publish() -> None:
    # https://sbert.net/docs/quickstart.html, all-MiniLM-L6-v2
    sentences = [
        "The weather is lovely today.",
        "It's so sunny outside!",
        "He drove to the stadium.",
    ]
    encodings = Tokenizer.from_str(tokenizer_json()).encode_batch(sentences)
    ids, mask = padded([encoding.ids for encoding in encodings])
    with torch.inference_mode():
        features = load_text_tower()(torch.from_numpy(ids), torch.from_numpy(mask))
    unit = torch.nn.functional.normalize(features, dim=-1)
    found = (unit @ unit.T).numpy()
    assert found[0, 1] == pytest.approx(0.6660, abs=1e-4)
    assert found[0, 2] == pytest.approx(0.1046, abs=1e-4)
    assert found[1, 2] == pytest.approx(0.1411, abs=1e-4)
