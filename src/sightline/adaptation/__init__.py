"""Your own words: a few labelled photos → a small adapter, in numpy, on embeddings.

::

    examples.py     a folder of classes, or a JSONL → labelled photos
    views.py        a photo's bytes → itself, mirrored, and five crops
    kept.py         embeddings from earlier runs
    shots.py        what the methods learn from: arrays                      (start here)
    tip_adapter.py  Tip-Adapter: a cache of what was shown
    damping.py      which directions are noise
    residual.py     prototypes learned where the noise is damped
    descent.py      softmax regression that stays near where it starts
    validation.py   folds, log-loss, intervals
    choice.py       settings by cross-validation; which method; the whole adapter
    adapter.py      the adapter: logits for photos, directions for queries
    adapter_file.py its file
    steering.py     a query that names a taught word → moved towards what was shown
    teach.py        labelled photos → embeddings → adapter

Nothing here needs torch and nothing touches a library. Why it works: docs/understand/adaptation.md.
"""
