"""Gold made by a person: pool, look, grade; every grade on disk before the next photo shows."""
