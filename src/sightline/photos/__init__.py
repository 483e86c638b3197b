"""Files → pixels and facts.

::

    walk.py       what photos stand in these folders
    ignore.py     which names and patterns the walk leaves out
    read.py       one read of a file → hash, facts, pixels        (start here)
    formats.py    bytes → which format, and a decoded image within limits
    pixels.py     an image of any mode, size and orientation → the square that an encoder wants
    exif.py       when, where, with which camera
    raw.py        the preview that a camera's raw file carries
    thumbnail.py  a small upright JPEG for contact sheets

Nothing here knows of libraries or encoders, and nothing here writes. How it works and why:
docs/understand/photos.md.
"""
