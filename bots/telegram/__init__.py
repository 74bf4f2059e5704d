"""Telegram: updates in, answers out."""

import os

# python-telegram-bot warns at every RetryAfter unless one opts in to durations as timedelta, as its next
# major version has them.
os.environ.setdefault("PTB_TIMEDELTA", "1")
