"""What was done to texts before they were cut into tokens, in the training of each family.

A tower only knows texts as it saw them: a capital letter or a curly quote that training had taken
away is a token it has hardly met. Most of that is in `tokenizer.json`; this is what was done
outside it.

=========== =======================================================================
none        nothing: the tokenizer does it all (transformers' CLIP)
lower       lower case (SigLIP 2, arXiv:2502.14786)
web         web text put right, white space collapsed (open_clip, other tokenizers)
web_lower   the same in lower case (open_clip and OpenAI's CLIP tokenizer)
canonical   the same without punctuation (big_vision, SigLIP in open_clip)
=========== =======================================================================
"""

import html
import re
import string
import unicodedata

from sightline.encoders.spec import Cleaning

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
# What ftfy (the package that CLIP's makers used) puts right in text from the web, but for bytes
# decoded in the wrong encoding: nobody types those into a search.
_STRAIGHT = str.maketrans(dict.fromkeys("ʼ‘’‚‛", "'") | dict.fromkeys("“”„‟", '"'))
_WIDE = re.compile("[\u3000\uff01-\uffef]+")
_LIGATURES = str.maketrans({c: unicodedata.normalize("NFKC", c) for c in "ĲĳŉǱǲǳǄǅǆǇǈǉǊǋǌﬀﬁﬂﬃﬄﬅﬆ"})
_TERMINAL = re.compile("\x1b\\[((?:\\d|;)*)([a-zA-Z])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]")


def clean(text: str, how: Cleaning) -> str:
    """A text as the model's training would have left it."""
    match how:
        case "none":
            return text
        case "lower":
            # Letter by letter, as the Rust tokenizers do: no other sigma at the end of a word.
            return "".join(letter.lower() for letter in text)
        case "web":
            return _collapsed(_web(text))
        case "web_lower":
            return _collapsed(_web(text)).lower()
        case "canonical":
            words = _web(text).replace("_", " ").translate(_NO_PUNCTUATION)
            return _collapsed(words.lower())


def _web(text: str) -> str:
    text = html.unescape(html.unescape(text))
    text = _CONTROL.sub("", _TERMINAL.sub("", text)).translate(_LIGATURES).translate(_STRAIGHT)
    text = _WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide.group()), text)
    return unicodedata.normalize("NFC", text)


def _collapsed(text: str) -> str:
    return " ".join(text.split())
