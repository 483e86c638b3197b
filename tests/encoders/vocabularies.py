"""Small vocabularies in the shape of the real ones, and strings that are hard to cut.

Merges are learned from a few sentences in many scripts, so words split into several tokens, some
scripts split into bytes, and every rule of the real tokenizers has something to do.
"""

import json
import random
import unicodedata
from collections.abc import Iterator

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE, Unigram
from tokenizers.trainers import BpeTrainer, UnigramTrainer

SENTENCES = (
    "A brown dog runs over the wet sand, carrying a stick in its mouth.",
    "Two children in red coats are building a snowman beside the old church.",
    "The photographer's camera isn't where she'd left it; they've looked, we'll look again.",
    "Ein Fahrrad lehnt an einer Mauer, über die Rosen wachsen. Größe, Straße, Äpfel.",
    "Une crêpe à l'œuf, deux cafés crème et l'addition, s'il vous plaît. Noël, garçon, naïve.",
    "El niño soñó con un jardín lleno de pájaros; ¿dónde está el árbol?",
    "Zażółć gęślą jaźń. Příliš žluťoučký kůň. Árvíztűrő tükörfúrógép.",
    "Собака бежит по берегу моря на закате, а над водой летают чайки.",
    "Ένας σκύλος τρέχει στην παραλία. ΟΔΟΣ ΑΘΗΝΑΣ.",
    "海辺を走る犬と、夕焼けの空。東京タワーの夜景。",
    "一只狗在海滩上奔跑，夕阳照亮了天空。我爱北京天安门。",
    "해변을 달리는 강아지와 노을 지는 하늘",
    "كلب يركض على الشاطئ عند غروب الشمس",
    "समुद्र तट पर दौड़ता हुआ कुत्ता",
    "สุนัขวิ่งบนชายหาดตอนพระอาทิตย์ตก",
    "Receipt no. 4711 of 2024-07-31: 3 × 12.50 € = 37.50 € (incl. 19 % VAT)",
)
_EMOJI = "🐕 🏖️ 👩‍👩‍👧‍👦 🇫🇷 👍🏽 ❤️ 😂 🎂🎂🎂 1️⃣"
_ODD = (
    "", " ", "\t\n ", "a", "'", "''s", "don't", "DON'T", "I'LL", "…", "--", "___", "x_y_z", "<>",
    "a\u0301", "e\u0301te\u0301", "Å", "ﬁsh and ﬂesh", "ＦＵＬＬ ｗｉｄｔｈ！",
    "“curly” ‘quotes’", "Ǆ", "İstanbul", "Straße", "ΣΊΣΥΦΟΣ", "zero\u200bwidth",
    "soft\u00adhyphen", "non\u00a0breaking", "a\u3000b", "fish &amp; chips",
    "&lt;b&gt;bold&lt;/b&gt;", "&amp;amp;", "tab\tand\nnewline\r\nhere", "𝔊𝔬𝔱𝔥𝔦𝔠", "Ⅷ ½ ² ①",
    "🐕", "👩\u200d👩\u200d👧\u200d👦", "a" * 400, "狗" * 300, "🎂" * 200, "word " * 5000,
    "!?" * 500,
    "dog.cat,bird;fish",
)  # fmt: skip


def strings(count: int = 2400, seed: int = 0) -> list[str]:
    """`count` texts: odd ones first, then shuffles and cuts of sentences, scripts mixed."""
    rng = random.Random(seed)
    return [*_ODD, *_mixed(rng, count - len(_ODD))]


def _mixed(rng: random.Random, count: int) -> Iterator[str]:
    words = [word for sentence in (*SENTENCES, _EMOJI) for word in sentence.split()]
    for _ in range(count):
        chosen = rng.choices(words, k=rng.choice((1, 2, 3, 5, 8, 13, 40, 120)))
        text = rng.choice((" ", " ", " ", "", "  ", ", ", "-")).join(chosen)
        match rng.randrange(8):
            case 0:
                text = text.upper()
            case 1:
                text = text.title()
            case 2:
                text = unicodedata.normalize("NFD", text)
            case 3:
                at = rng.randrange(len(text) + 1)
                text = text[:at] + chr(rng.choice((0x1F600, 0x4E00, 0x0E01, 0x5D0)) + at % 50)
            case _:
                pass
        yield text


def clip_merges(count: int = 600) -> list[tuple[str, str]]:
    """Merges of CLIP's byte-level pairs, learned as its makers did."""
    tokenizer = Tokenizer(BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = BpeTrainer(
        vocab_size=512 + count,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(merge) for merge in merges][:count]


def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in a byte-level vocabulary (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {
        byte: chr(256 + at) for at, byte in enumerate(others)
    }


def clip_vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """Bytes, bytes at a word's end, merges, and the two special tokens last: as in CLIP."""
    letters = list(byte_letters().values())
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(m) for m in merges)]
    tokens = dict.fromkeys([*words, "<|startoftext|>", "<|endoftext|>"])
    return {token: at for at, token in enumerate(tokens)}


def gemma_like() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges in the shape of Gemma's: spaces as ▁, unknown letters as bytes."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    trained = Tokenizer(BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace(" ", "▁")]
    )
    trainer = BpeTrainer(vocab_size=700, show_progress=False, special_tokens=special)
    trained.train_from_iterator(SENTENCES[:9], trainer)
    model = json.loads(trained.to_str())["model"]
    vocabulary = dict(model["vocab"])
    for byte in range(256):
        vocabulary.setdefault(f"<0x{byte:02X}>", len(vocabulary))
    return vocabulary, [tuple(merge) for merge in model["merges"]]


def sentencepiece_like() -> list[tuple[str, float]]:
    """Pieces and scores in the shape of XLM-RoBERTa's."""
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = UnigramTrainer(vocab_size=500, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(SENTENCES * 2, trainer)
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"]
    return [(piece, score) for piece, score in pieces if piece != "<unk>"]
