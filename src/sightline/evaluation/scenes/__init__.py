"""Generated pictures with exact truth: what is on them is known, because we put it there.

`families.py` thinks up two pictures that differ in one thing, `picture.py` draws them, `claims.py`
is the language in which captions are written and graded, `folder.py` writes all of it down.
"""
