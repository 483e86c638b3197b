"""What is compared: anything that gives each photo of a gallery a score for a query's words."""

from sightline.evaluation.rankers.ranker import Ranker, Scores

__all__ = ["Ranker", "Scores"]
