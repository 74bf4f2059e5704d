"""How much CPU and memory a photo takes, against the plain bot (plain_bot.py) over the same sockets.

    python -m tests.benchmarks.compare --photos 64 --pairs 3

Runs are interleaved, and the medians are compared: trust the ratios, not the milliseconds. Nothing is asserted about
time; both bots must have answered everybody and asked the endpoint once a photo. Needs Linux (/proc).
"""

import argparse
import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from rich.console import Console
from rich.table import Table

from bots.sandbox.telegram_files import Files
from bots.sandbox.telegram_rules import Json
from core.photos import prepare
from tests.benchmarks.contestants import PLAIN, PLAIN_8, SNAPSHOP, SNAPSHOP_SLOW, Contestant, started
from tests.benchmarks.standins import StandIns, full_answer, make_photos, serving

#: What a photo may take at most, as a part of the plain bot's.
GOAL = 0.3
MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all runs share."""

    files: Files
    answer: bytes
    #: For warming up, and for measuring: one a person each.
    warm_up: list[Json]
    measured: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Resident memory in MiB: at rest, and with photos waiting."""

    at_rest: float
    waiting: float


async def set_up(photos: int) -> Stage:
    """Make the photos and the answer."""
    files = Files()
    made = make_photos(files, 2 * photos)
    answer = await full_answer(files.get(made[0]["photo"][-1]["file_id"]).data)
    return Stage(files=files, answer=answer, warm_up=made[:photos], measured=made[photos:])


async def cpu_a_photo(contestant: Contestant, stage: Stage) -> float:
    """CPU milliseconds a photo: start-up and the first photo of each person are not counted."""
    standins = StandIns(stage.files, stage.answer)
    async with serving(standins) as roots, started(contestant, *roots) as process:
        standins.send(stage.warm_up)
        await standins.answered(1)
        await process.idle()
        before = process.cpu()
        standins.send(stage.measured)
        await standins.answered(2)
        await process.idle()
        used = process.cpu() - before
    asked, sent = standins.asked, len(stage.warm_up) + len(stage.measured)
    if asked != sent:
        raise RuntimeError(f"{contestant.name} asked the endpoint {asked} times for {sent} photos")
    return used / len(stage.measured) * MILLISECONDS


async def memory(contestant: Contestant, stage: Stage, photos: list[Json]) -> Used:
    """Memory after one answer, and with ``photos`` waiting at an endpoint that does not answer."""
    standins = StandIns(stage.files, stage.answer)
    async with serving(standins) as roots, started(contestant, *roots) as process:
        standins.send(stage.warm_up[:1])
        await standins.answered(1)
        await process.idle()
        at_rest = process.memory()
        standins.answers.clear()
        standins.send(photos)
        await standins.telegram.wait_until(lambda: standins.asked > 1, timeout=60)
        await process.idle()
        return Used(at_rest=at_rest, waiting=process.memory())


async def main(photos: int, pairs: int, waiting: int, console: Console) -> dict[str, object]:
    """Measure and print; the figures."""
    console.print(f"Making {2 * photos + waiting} photos …")
    stage = await set_up(photos)
    contestants = (SNAPSHOP, PLAIN, PLAIN_8)
    cpu: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for number in range(1, pairs + 1):
        for contestant in contestants:
            cpu[contestant.name].append(await cpu_a_photo(contestant, stage))
        console.print(f"{number}: " + ", ".join(f"{name} {runs[-1]:.2f} ms" for name, runs in cpu.items()))
    figures: dict[str, object] = {"photos": photos, "pairs": pairs, "cpu_ms_a_photo": cpu}
    console.print(_cpu_table(cpu, photos))
    if waiting:
        queue = make_photos(stage.files, waiting)
        used = {one.name: await memory(one, stage, queue) for one in (SNAPSHOP_SLOW, PLAIN)}
        prepared = _prepared_size(stage, queue)
        console.print(_memory_table(used, waiting, prepared))
        figures["memory_mib"] = {name: {"at_rest": one.at_rest, "waiting": one.waiting} for name, one in used.items()}
        figures |= {"waiting": waiting, "prepared_kib_a_photo": prepared}
    return figures


def _prepared_size(stage: Stage, queue: list[Json]) -> float:
    """KiB of a photo that waits, on average, in the size that Snapshop fetches."""
    fetched = [next(size for size in photo["photo"] if size["width"] >= 800) for photo in queue[:16]]
    return fmean(len(prepare(stage.files.get(size["file_id"]).data).jpeg) for size in fetched) / 1024


def _cpu_table(cpu: dict[str, list[float]], photos: int) -> Table:
    table = Table("bot", "ms", "lowest to highest", "part of the plain bot's", "goal", title="CPU a photo")
    table.caption = f"{photos} photos at once, medians of {len(cpu[PLAIN.name])} runs"
    plain = median(cpu[PLAIN.name])
    for name, runs in cpu.items():
        goal = f"<= {GOAL}" if name == SNAPSHOP.name else ""
        spread = f"{min(runs):.2f} to {max(runs):.2f}"
        table.add_row(name, f"{median(runs):.2f}", spread, f"{median(runs) / plain:.2f}", goal)
    return table


def _memory_table(used: dict[str, Used], waiting: int, prepared: float) -> Table:
    table = Table("bot", "MiB at rest", f"MiB with {waiting} waiting", "KiB more a photo", title="Memory")
    table.caption = f"a prepared photo has {prepared:.0f} KiB; the plain bot takes on at most 256 at a time"
    for name, one in used.items():
        more = (one.waiting - one.at_rest) * 1024 / waiting
        table.add_row(name, f"{one.at_rest:.0f}", f"{one.waiting:.0f}", f"{more:.0f}")
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="CPU and memory of a photo, against the plain bot.")
    parser.add_argument("--photos", type=int, default=64, help="photos that wait at the same moment")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each bot, interleaved")
    parser.add_argument("--waiting", type=int, default=500, help="photos that wait for the memory figure; 0: skip it")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="the file for the figures")
    given = parser.parse_args()
    screen = Console()
    given.out.write_text(
        json.dumps(asyncio.run(main(given.photos, given.pairs, given.waiting, screen)), indent=2) + "\n"
    )
    screen.print(f"Written: {given.out}")
