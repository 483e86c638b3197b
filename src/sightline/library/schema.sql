-- The record of a library. Vectors stand outside, one append-only file per model; everything else
-- is here, and every other index is a cache that can be rebuilt from these tables.

-- A photo is its bytes. Paths only point at it, so a rename costs no embedding.
CREATE TABLE photos (
    id         INTEGER PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,         -- of all bytes, in hex
    bytes      INTEGER NOT NULL,
    width      INTEGER NOT NULL,             -- in pixels, as the photo is meant to be seen
    height     INTEGER NOT NULL,
    format     TEXT NOT NULL,                -- JPEG, PNG, ... as decoded, whatever the file's name
    taken_at   TEXT,                         -- ISO 8601, with an offset where the camera gave one
    latitude   REAL,                         -- degrees, WGS 84
    longitude  REAL,
    camera     TEXT,
    lens       TEXT,
    copies     INTEGER NOT NULL DEFAULT 0    -- paths that are there now; kept by the triggers below
) STRICT;

CREATE INDEX photos_absent ON photos (id) WHERE copies = 0;
CREATE INDEX photos_taken ON photos (taken_at) WHERE taken_at IS NOT NULL;
CREATE INDEX photos_place ON photos (latitude, longitude) WHERE latitude IS NOT NULL;

-- Where photos were seen. A path that is gone stays with the run that missed it: an unplugged disk
-- that comes back is recognised by size and time, and nothing on it is read again.
CREATE TABLE paths (
    path       BLOB PRIMARY KEY,             -- the exact bytes that the file system gave
    photo      INTEGER NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
    size       INTEGER NOT NULL,             -- bytes and time when it was read
    mtime_ns   INTEGER NOT NULL,
    extension  TEXT NOT NULL,                -- lower case, without the dot
    gone_in    INTEGER REFERENCES runs (id)  -- NULL: it is there
) STRICT, WITHOUT ROWID;

CREATE INDEX paths_photo ON paths (photo);

CREATE TRIGGER path_added AFTER INSERT ON paths WHEN new.gone_in IS NULL BEGIN
    UPDATE photos SET copies = copies + 1 WHERE id = new.photo;
END;
CREATE TRIGGER path_removed AFTER DELETE ON paths WHEN old.gone_in IS NULL BEGIN
    UPDATE photos SET copies = copies - 1 WHERE id = old.photo;
END;
CREATE TRIGGER path_changed AFTER UPDATE OF photo, gone_in ON paths BEGIN
    UPDATE photos SET copies = copies - 1 WHERE id = old.photo AND old.gone_in IS NULL;
    UPDATE photos SET copies = copies + 1 WHERE id = new.photo AND new.gone_in IS NULL;
END;

-- One row per encoder that has embedded photos here. They live side by side.
CREATE TABLE models (
    id          INTEGER PRIMARY KEY,
    model_id    TEXT NOT NULL UNIQUE,        -- names weights and preprocessing
    source      TEXT NOT NULL,               -- the catalogue name or folder it is loaded from
    dimensions  INTEGER NOT NULL,
    last_run    INTEGER REFERENCES runs (id) -- the last run that finished with this model
) STRICT;

-- Row number `slot` of the file vectors/<model_id>.f16 belongs to `photo`; without a photo the
-- slot is blank. Slots are handed out in order: those past the largest one here are nobody's.
CREATE TABLE vectors (
    model  INTEGER NOT NULL REFERENCES models (id),
    slot   INTEGER NOT NULL,
    photo  INTEGER REFERENCES photos (id) ON DELETE SET NULL,
    PRIMARY KEY (model, slot)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX vectors_photo ON vectors (model, photo) WHERE photo IS NOT NULL;
CREATE INDEX vectors_of_photo ON vectors (photo);
CREATE INDEX vectors_blank ON vectors (model, slot) WHERE photo IS NULL;

-- Files that could not be used, until a later run can.
CREATE TABLE failures (
    path    BLOB PRIMARY KEY,
    kind    TEXT NOT NULL,                   -- the error's class
    reason  TEXT NOT NULL,                   -- a sentence for a person
    run     INTEGER NOT NULL REFERENCES runs (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    started_at   TEXT NOT NULL,              -- ISO 8601, UTC
    finished_at  TEXT,                       -- NULL: running, stopped or killed
    model        TEXT NOT NULL,
    version      TEXT NOT NULL,              -- of sightline
    roots        TEXT NOT NULL,              -- JSON list
    counts       TEXT                        -- JSON object
) STRICT;
