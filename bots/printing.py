"""Answers on stdout: as text for a reader, as JSON for a program."""

import json
import sys
from dataclasses import asdict

from bots.cards import Links
from bots.outcome_cards import outcome_card
from bots.wording import words as words_of
from core.model import Found, Outcome
from core.regions import product_link


def print_json(facts: object) -> None:
    """JSON to stdout; moments and days as ISO texts."""
    sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n")


def print_outcome(outcome: Outcome, product_url: str, *, as_json: bool) -> None:
    """What a search ended with."""
    if as_json:
        facts = asdict(outcome) | {"outcome": type(outcome).__name__}
        facts.pop("view", None)
        if isinstance(outcome, Found):
            links = [product_link(product_url, match.id, match.region) for match in outcome.matches]
            facts["matches"] = [match | {"link": link} for match, link in zip(facts["matches"], links, strict=True)]
        print_json(facts)
        return
    card = outcome_card(outcome, words_of("en"), Links(product_url=product_url, pictures=False))
    lines = [" · ".join((card.heading, *card.facts))] if card.heading else []
    for line in card.lines:
        number = f"{line.number}. " if line.number else ""
        note = f" · {line.note}" if line.note else ""
        lines.append(f"{number}{line.text} {line.flag}".rstrip() + note)
        if line.link:
            lines.append(f"   {line.link}")
    sys.stdout.write("\n".join([*lines, card.receipt]).rstrip() + "\n")
