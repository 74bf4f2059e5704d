"""The local Telegram for tests: as strict as the real one, and with everything that can go wrong on demand."""

from tests.telegram_lab.faults import Fault, Faults
from tests.telegram_lab.records import Call
from tests.telegram_lab.server import telegram_app
from tests.telegram_lab.world import TelegramLab

__all__ = ["Call", "Fault", "Faults", "TelegramLab", "telegram_app"]
