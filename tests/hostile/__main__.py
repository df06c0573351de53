"""python -m tests.hostile --cases 20000: so many cases over all surfaces; exit code 1 when something was found."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import App, Parameter

from tests.hostile.campaign import HEAD, Tally, campaign
from tests.hostile.store import bucket_server
from tests.hostile.surfaces import names

app = App(name="python -m tests.hostile", help="Gives hostile input to everything that takes input.")


@app.default
def main(
    *,
    cases: int = 20_000,
    seed: int = 1,
    surface: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    keep: Path = Path("hostile-findings"),
) -> int:
    """Run the campaign.

    Args:
        cases: Of all surfaces together.
        seed: The same seed gives the same cases.
        surface: Only those whose names begin so.
        keep: Folder for the cases of findings.
    """
    chosen = [name for name in names() if not surface or name.partition("/")[2].startswith(surface)]
    begun = time.monotonic()
    say(HEAD)
    with TemporaryDirectory() as folder, bucket_server(Path(folder)):
        done = campaign(chosen, seed, -(-cases // len(chosen)), keep, lambda tally: say(tally.row()))
    for tally in done:
        for case, what in tally.findings.items():
            say(f"{keep / case}: {what}")
    say(summary(done, time.monotonic() - begun))
    return 1 if any(tally.findings for tally in done) else 0


def summary(done: list[Tally], seconds: float) -> str:
    """All of it in one line."""
    found = sum(len(tally.findings) for tally in done)
    slowest, peak = max(tally.slowest for tally in done), max(tally.peak for tally in done)
    return (
        f"{sum(tally.cases for tally in done)} cases over {len(done)} surfaces in {seconds:.0f} s: {found} findings, "
        f"slowest {slowest:.2f} s, peak {peak / 2**20:.0f} MiB"
    )


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(app())
