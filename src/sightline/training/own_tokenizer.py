"""A tokenizer of one's own, for a text tower that starts from random weights."""

from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = [PAD, UNKNOWN, FIRST, LAST]
"""In the order of their ids: padding is 0."""


def train_tokenizer(captions: Iterable[str], vocabulary: int) -> str:
    """Words and pieces of words that the captions are made of: contents of tokenizer.json.

    Byte-pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909), not
    WordPiece, whose trainer numbers its pieces anew each time: here the same captions give the same
    tokenizer. Letters that no caption has become `[UNK]`.

    Args:
        vocabulary: the most tokens, the four special ones included.
    """
    tokenizer = Tokenizer(BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        limit_alphabet=max(1, vocabulary // 2),
        special_tokens=SPECIAL,
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    tokenizer.post_processor = TemplateProcessing(
        single=f"{FIRST} $A {LAST}",
        special_tokens=[(name, SPECIAL.index(name)) for name in (FIRST, LAST)],
    )
    contents: str = tokenizer.to_str()
    return contents
