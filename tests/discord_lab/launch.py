"""The real command line, with the local Discord at $SNAPSHOP_TEST_DISCORD in the place of the real one.

A test runs it as `python tests/discord_lab/launch.py run`, from any folder, and may kill it.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """What `snapshop` does."""
    from bots.cli import app
    from tests.discord_lab.patching import VARIABLE, pointed_at

    with pointed_at(os.environ[VARIABLE]):
        app(prog_name="snapshop")


if __name__ == "__main__":
    # Modules of this folder must not hide others of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    main()
