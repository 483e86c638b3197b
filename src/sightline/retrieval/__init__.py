"""Query → ranked matches: parse, embed, filter, scan, order."""
