"""Why a query failed: put one thing in the place of another, and see whether it still fails.

A query has failed where none of its first five photos is relevant. For the right photo that came
nearest, four substitutions are tried:

* its own captions for the query: if they don't find it either, the picture is what the model
  doesn't understand (**vision**);
* a paraphrase for the query: if one finds a relevant photo, the words were the trouble
  (**language**);
* crops for the whole photos: if the right one then passes its rivals (which get crops, too), what
  was asked for is too small in it (**resolution**);
* the photo itself for the query: if it doesn't find the other relevant photos, what they have in
  common is no direction of the space (**space**).

The first that applies, in this order, names the side. What none of them explains is called that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sightline.errors import PhotoError
from sightline.evaluation.gallery import Gallery
from sightline.evaluation.gold import Gold, GoldQuery
from sightline.evaluation.metrics import ranked
from sightline.evaluation.pool import by_need
from sightline.evaluation.progress import OnProgress
from sightline.evaluation.rankers.baselines import need_of
from sightline.evaluation.rankers.by_caption import Captions
from sightline.evaluation.rankers.by_encoder import EncoderRanker
from sightline.evaluation.rankers.rerank import PARAPHRASES, views_of
from sightline.evaluation.results import Failure, QueryResult, Rival, Side
from sightline.photos.thumbnail import thumbnail_image

FOUND = 5
"""A query has failed where nothing relevant is among so many first photos."""
_RIVALS = 10
_HUB_DEPTH = 10
_VIEW_SIDE = 640

Row = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Explainer:
    """Explains the failures of one encoder over one gallery; `captions` may hold none."""

    gold: Gold
    gallery: Gallery
    model: EncoderRanker
    captions: Captions

    def explain_all(
        self, queries: Sequence[QueryResult], on_progress: OnProgress
    ) -> tuple[Failure, ...]:
        """Every failed query that has a right answer, the worst ones first."""
        failed = [
            query
            for query in queries
            if query.answerable
            and not query.metrics.get(f"hit@{FOUND}", 0.0)
            and self.model.knows(query.text)  # what it has no vector for needs no explanation
        ]
        explained = []
        for done, query in enumerate(failed):
            on_progress("explaining failures", done, len(failed))
            one = self._explain(self.gold.query(query.id))
            if one is not None:
                explained.append(one)
        return tuple(sorted(explained, key=lambda failure: -failure.rank))

    def _explain(self, query: GoldQuery) -> Failure | None:
        """None where none of its relevant photos is in the gallery any more."""
        files = self.gallery.files
        scores = self.model.scores(query)
        ranking = ranked(scores, files, query.id)
        grade, _, right = max(
            ((query.grades[f], -at, f) for at, f in enumerate(ranking) if f in query.relevant),
            default=(0, 0, ""),
        )
        if not grade:
            return None
        rank = ranking.index(right) + 1
        row = self._row[right]
        rivals = [file for file in ranking[:_RIVALS] if file != right]
        wording, wording_rank = self._best_paraphrase(query)
        caption_rank = self._caption_rank(row)
        crop_rank = self._crop_rank(query, right, ranking, scores)
        image_hit = self._image_hit(query, right)
        side = _side(caption_rank, wording_rank, crop_rank, image_hit)
        return Failure(
            query=query.id,
            text=query.text,
            need=need_of(query),
            tags=query.tags,
            right=right,
            rank=rank,
            score=float(scores[row]),
            rivals=tuple(
                Rival(
                    file=file,
                    score=float(scores[self._row[file]]),
                    hubness=self._hubness(file, need_of(query)),
                )
                for file in rivals
            ),
            neighbours=self._nearest(row, FOUND),
            caption_rank=caption_rank,
            paraphrase=wording,
            paraphrase_rank=wording_rank,
            image_hit=image_hit,
            crop_rank=crop_rank,
            side=side,
            sentence=_sentence(side, rank, caption_rank, wording, wording_rank, crop_rank),
        )

    def _caption_rank(self, row: int) -> int | None:
        """Best rank of a photo when its own captions are asked for."""
        texts = self.captions[row] if self.captions else ()
        if not texts:
            return None
        cosines = self.model.encoder.embed_texts(list(texts)) @ self.model.vectors.T
        return int((cosines >= cosines[:, row : row + 1]).sum(axis=1).min())

    def _best_paraphrase(self, query: GoldQuery) -> tuple[str, int]:
        """The wording with the best-ranked relevant photo: other queries of the need, and forms."""
        siblings = [
            q.text
            for q in self._siblings[need_of(query)]
            if q.id != query.id and self.model.knows(q.text)
        ]
        wordings = [*siblings, *(form.format(query.text) for form in PARAPHRASES if form != "{}")]
        relevant = [self._row[file] for file in query.relevant if file in self._row]
        best = (len(self.gallery) + 1, "")
        for wording in wordings:
            cosines = self.model.vectors @ self.model.embed(wording)
            rank = int((cosines >= cosines[relevant].max()).sum())
            best = min(best, (rank, wording))
        return best[1], best[0]

    def _crop_rank(self, query: GoldQuery, right: str, ranking: Sequence[str], scores: Row) -> int:
        """Rank of the right photo where it and the first twenty have their best view's score.

        Photos further down keep the score of the whole: the rank is a little too good for them.
        """
        close = [*[file for file in ranking[: 2 * _RIVALS] if file != right], right]
        text = self.model.embed(query.text)
        best = scores.copy()
        for file in close:
            row = self._row[file]
            best[row] = float((self._views(row) @ text).max())
        return int((best >= best[self._row[right]]).sum())

    def _views(self, row: int) -> npt.NDArray[np.float32]:
        """Vectors of the photo and its crops, float32 (views, d); many failures share rivals."""
        if row not in self._seen:
            try:
                photo = thumbnail_image(self.gallery.paths[row], _VIEW_SIDE)
                self._seen[row] = self.model.encoder.embed_images(views_of(photo))
            except PhotoError:  # it was there when it was indexed; its vector is all there is
                self._seen[row] = self.model.vectors[row : row + 1]
        return self._seen[row]

    @cached_property
    def _seen(self) -> dict[int, npt.NDArray[np.float32]]:
        return {}

    def _image_hit(self, query: GoldQuery, right: str) -> bool | None:
        others = {file for file in query.relevant if file != right and file in self._row}
        if not others:
            return None
        return any(file in others for file in self._nearest(self._row[right], FOUND))

    def _nearest(self, row: int, count: int) -> tuple[str, ...]:
        """The photos nearest to a photo, itself left out."""
        cosines = self.model.vectors @ self.model.vectors[row]
        order = [int(at) for at in np.argsort(-cosines, kind="stable") if at != row]
        return tuple(self.gallery.files[at] for at in order[:count])

    def _hubness(self, file: str, need: str) -> float:
        """How often a photo is among the first ten of other needs' queries, against the average.

        The skew of these counts is what Radovanović et al. 2010 (JMLR 11) call hubness.
        """
        everywhere, own = self._in_first_rows, self._in_first_rows_of.get(need, Counter())
        average = (everywhere.total() - own.total()) / len(self.gallery)
        row = self._row[file]
        return (everywhere[row] - own[row]) / average if average else 0.0

    @cached_property
    def _in_first_rows_of(self) -> dict[str, Counter[int]]:
        """For each need, how often each photo's row is among the first ten of its queries."""
        counts: dict[str, Counter[int]] = {}
        for query in self.gold.queries:
            first = np.argsort(-self.model.scores(query), kind="stable")[:_HUB_DEPTH]
            counts.setdefault(need_of(query), Counter()).update(first.tolist())
        return counts

    @cached_property
    def _in_first_rows(self) -> Counter[int]:
        """The same over all needs."""
        return sum(self._in_first_rows_of.values(), Counter())

    @cached_property
    def _siblings(self) -> dict[str, list[GoldQuery]]:
        return by_need(self.gold.queries)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {file: row for row, file in enumerate(self.gallery.files)}


def _side(
    caption_rank: int | None, paraphrase_rank: int, crop_rank: int, image_hit: bool | None
) -> Side:
    if caption_rank is not None and caption_rank > FOUND:
        return "vision"
    if paraphrase_rank <= FOUND:
        return "language"
    if crop_rank <= FOUND:
        return "resolution"
    return "space" if image_hit is False else "unexplained"


def _sentence(
    side: Side,
    rank: int,
    caption_rank: int | None,
    paraphrase: str,
    paraphrase_rank: int,
    crop_rank: int,
) -> str:
    begin = f"The right photo stands at rank {rank:,}."
    match side:
        case "vision":
            return f"{begin} Its own captions don't find it either (best rank {caption_rank:,})."
        case "language":
            return f"{begin} “{paraphrase}” finds a right one at rank {paraphrase_rank}."
        case "resolution":
            return f"{begin} By its best crop it stands at rank {crop_rank}, its rivals by theirs."
        case "space":
            return f"{begin} Words and crops don't help, and it finds none of the other right ones."
        case _:
            return f"{begin} None of the four substitutions explains it."
