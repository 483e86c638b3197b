"""The product's own way: words → vector → cosine with each photo's stored vector."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sightline.encoders import DualEncoder
from sightline.evaluation.gold import GoldQuery
from sightline.evaluation.rankers.ranker import Scores
from sightline.retrieval.query import Query, embed_query


@dataclass(frozen=True, eq=False)
class EncoderRanker:
    """A dual encoder over vectors as a library holds them.

    `vectors` are unit rows, float32 (photos, d).
    """

    name: str
    encoder: DualEncoder
    vectors: npt.NDArray[np.float32]

    @property
    def id(self) -> str:
        """The model id: weights and preprocessing."""
        return self.encoder.id

    def scores(self, query: GoldQuery) -> Scores:
        """Cosines; zeros where the model knows no word of the query, which then finds by chance.

        `sightline search` refuses such a query. Here other models may know it.
        """
        if not self.knows(query.text):
            return np.zeros(len(self.vectors), dtype=np.float32)
        return self.vectors @ self.embed(query.text)

    def knows(self, text: str) -> bool:
        """Whether the model has a vector for these words at all."""
        return self.encoder.knows_words_of(text)

    def embed(self, text: str) -> npt.NDArray[np.float32]:
        """The unit vector that `sightline search` makes of these words, float32 (d,)."""
        return embed_query(Query.of(text), self.encoder)
