"""Every error that sightline raises on purpose, in one tree.

::

    SightlineError
    ├── UsageError             the question itself is wrong: fix the call            (exit 2)
    │   ├── QueryError         empty, impossible or unreadable parts of a query
    │   ├── UnknownModel       no such model by name, and no such folder
    │   └── GoldError          a file of right answers is damaged, or contradicts itself
    ├── PhotoError             one file can't be used; the others go on
    │   ├── UnreadablePhoto    missing, no permission, vanished or changed while it was read
    │   ├── NotAPhoto          the bytes are no image that we decode
    │   ├── BrokenPhoto        an image, but truncated or corrupt
    │   └── PhotoTooLarge      more pixels than allowed: a bomb, or a limit to raise
    ├── ModelError             a model is there but can't be used                    (exit 3)
    │   ├── FetchError         a model can't be fetched: network, permission, disk
    │   └── AdapterError       an adapter is damaged, or was taught with another model
    ├── InspectionError        an inspector can't work: no reference, no server, no key  (exit 3)
    ├── EvaluationError        a run can't be made, continued or compared               (exit 3)
    └── LibraryError           the library can't be used as asked                    (exit 3)
        ├── LibraryNotFound    nothing has been indexed there yet
        ├── LibraryBusy        another process is writing to it
        ├── LibraryTooNew      written by a later version of sightline
        ├── LibraryCorrupt     the record and the vectors disagree, or a file is damaged
        └── LibraryUnwritable  read-only or full disk, missing permission

Each message is a sentence for the person at the keyboard and says what to do next. Nothing else
is raised on purpose: any other exception that escapes is a bug.
"""

__all__ = [
    "AdapterError",
    "BrokenPhoto",
    "EvaluationError",
    "FetchError",
    "GoldError",
    "InspectionError",
    "LibraryBusy",
    "LibraryCorrupt",
    "LibraryError",
    "LibraryNotFound",
    "LibraryTooNew",
    "LibraryUnwritable",
    "ModelError",
    "NotAPhoto",
    "PhotoError",
    "PhotoTooLarge",
    "QueryError",
    "SightlineError",
    "UnknownModel",
    "UnreadablePhoto",
    "UsageError",
]


class SightlineError(Exception):
    """Base of all errors that sightline raises on purpose."""


class UsageError(SightlineError):
    """The call can't mean anything; nothing was done."""


class QueryError(UsageError):
    """A query is empty, impossible, or names something that can't be read."""


class UnknownModel(UsageError):
    """No model has this name, and no model folder stands at this path."""


class GoldError(UsageError):
    """A file of right answers can't be used: damaged, or at odds with itself or the photos."""


class PhotoError(SightlineError):
    """One file can't be used as a photo. Costs that file and no other."""


class UnreadablePhoto(PhotoError):
    """The bytes could not be read, or were not the same from start to end."""


class NotAPhoto(PhotoError):
    """The bytes are no image in any format that sightline decodes."""


class BrokenPhoto(PhotoError):
    """An image whose data ends early or contradicts itself."""


class PhotoTooLarge(PhotoError):
    """The image declares more pixels than the limit; decoding it was not tried."""


class ModelError(SightlineError):
    """A model is present but can't be used: damaged, incomplete, or too new for this version."""


class FetchError(ModelError):
    """A model could not be fetched; what came so far is kept and the next fetch goes on from it."""


class AdapterError(ModelError):
    """An adapter is there but can't be used: damaged, or taught with another model."""


class InspectionError(SightlineError):
    """An inspector can't work as asked: no reference, no server, a wrong key. Names what to do."""


class EvaluationError(SightlineError):
    """An evaluation run can't be made, continued or compared as asked; what is there is kept."""


class LibraryError(SightlineError):
    """A library can't be used as asked; nothing in it was changed."""


class LibraryNotFound(LibraryError):
    """There is no library at this place yet."""


class LibraryBusy(LibraryError):
    """Another process holds the library's write lock."""


class LibraryTooNew(LibraryError):
    """The library was written by a later version of sightline."""


class LibraryCorrupt(LibraryError):
    """The library's files are damaged or disagree with each other."""


class LibraryUnwritable(LibraryError):
    """The library's place can't be written: permissions, a read-only or a full disk."""
