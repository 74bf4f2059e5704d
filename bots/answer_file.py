"""An answer as a file: every match, in the endpoint's order."""

from bots.csv_files import csv_bytes
from bots.wording import Words
from core.model import Found
from core.regions import product_link

#: Characters of a search's id in the name of its file: enough to tell a person's files apart.
_ID_SHOWN = 6


def answer_csv(found: Found, product_url: str, words: Words) -> bytes:
    """All matches of an answer, one a line, ungrouped; the market as its code."""
    header = (words("Rank"), words("Product id"), words("Name"), words("Market"), words("Link"))
    return csv_bytes(
        header,
        (
            (rank, match.id, match.name, match.region or "", product_link(product_url, match.id, match.region) or "")
            for rank, match in enumerate(found.matches, start=1)
        ),
    )


def answer_file_name(found: Found) -> str:
    """``snapshop-Ab3xYz.csv``: ASCII, the same for every file of a search."""
    return f"snapshop-{found.search[:_ID_SHOWN]}.csv"
