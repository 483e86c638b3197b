"""Gold files → figures with intervals → a report that a person can read."""
