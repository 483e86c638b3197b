"""The index on disk: record, vectors, and the indexer that writes them.

A library is a folder::

    library.db              SQLite, the record (schema.sql)
    vectors/<model id>.f16  unit vectors in float16, row after row, one file per model
    write.lock              held while a process writes
    writer.json             who held it last

`writer.py` is the only module that writes, and `indexer.py` the one that decides what to write.
"""
