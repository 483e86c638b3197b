from sightline.evaluation.measure import tag_slices


def all_slices(gold, gallery, captions, cache, on_progress):
    return tag_slices(gold.queries)
