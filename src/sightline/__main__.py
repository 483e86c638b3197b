"""`python -m sightline` is the command `sightline`."""

from sightline.cli.main import main

main()
