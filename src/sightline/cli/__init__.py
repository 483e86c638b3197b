"""One file per command, named after it. Commands parse, call, print, and decide nothing."""
