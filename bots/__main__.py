"""``python -m bots`` is the command ``snapshop``."""

from bots.cli import app

app(prog_name="snapshop")
