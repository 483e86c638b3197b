"""How good is an inspector? Gold labels → verdicts → figures with intervals → a report.

::

    gold.py             the gold file: what somebody who looked says of each photo
    arms.py             one way to inspect: inspector, zoom, doubt, references, crop
    reference_draws.py  which faultless photos an inspector may see beside a tested one
    crops.py            pictures cut round the gold box, and matched ones from normal photos
    run.py              every arm on every photo, written down as it goes     (start here)
    measures.py         misses, false alarms, balanced accuracy
    confidence.py       is a confidence worth its number? risk-coverage, ECE, Brier
    scores.py           do scores order the photos of a product? image AUROC
    grounding.py        right for the right reason? boxes, types, hallucinations
    probes.py           yes/no questions for defects that are there and that are not
    comparing.py        McNemar's test between arms, Holm's correction
    summary.py          verdicts → one arm's figures, by slices
    results.py          what a run found, as `results.json`
    report.py           the same for people: `report.md`, and `report.html` that opens offline

What each number means: docs/inspection.md.
"""
