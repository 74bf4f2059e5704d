"""Codes that are handed around by people: easy to type, hard to guess, kept only as hashes."""

import secrets
from hashlib import sha256
from typing import Final

#: 32 signs, none of which looks like another of them: neither 0 nor O, neither 1 nor I.
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
#: Of 5 bits each, so 60 in all: whoever guesses for a year finds none.
LENGTH: Final = 12


def new_code() -> str:
    """A code that cannot be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normal(text: str) -> str:
    """A code as people type it: small letters, with blanks or dashes in it."""
    return "".join(text.split()).replace("-", "").upper()


def hash_of(code: str) -> str:
    """What is kept of a code: with 60 random bits in it, nobody finds it by trying."""
    return sha256(code.encode()).hexdigest()
