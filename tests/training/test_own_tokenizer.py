from tokenizers import Tokenizer

from sightline.training.own_tokenizer import train_tokenizer

CAPTIONS = ["two red circles", "one blue ring at the top left", "three red rings"]


def test_words_of_the_captions_are_tokens_and_padding_is_zero() -> None:
    tokenizer = Tokenizer.from_str(train_tokenizer(CAPTIONS, 200))
    encoding = tokenizer.encode("Two RED rings")
    assert encoding.tokens == ["[CLS]", "two", "red", "rings", "[SEP]"]
    assert tokenizer.token_to_id("[PAD]") == 0
    assert tokenizer.encode("☃").tokens == ["[CLS]", "[UNK]", "[SEP]"]
    assert tokenizer.get_vocab_size() <= 200


def test_the_same_captions_give_the_same_tokenizer() -> None:
    assert train_tokenizer(CAPTIONS, 60) == train_tokenizer(CAPTIONS, 60)


def test_a_small_vocabulary_is_kept_to() -> None:
    tokenizer = Tokenizer.from_str(train_tokenizer(CAPTIONS, 50))
    assert tokenizer.get_vocab_size() <= 50
    assert "[UNK]" not in tokenizer.encode("blue circles").tokens
