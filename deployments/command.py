"""How the long-running commands of a deployment begin and end: words to the log, an error in one line, an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from tasks.domain.errors import EditFlowError


def run(app: App, arguments: Sequence[str], quiet: Sequence[str] = ("httpx",)) -> int:
    """Exit code: the command's own; 0 when it was stopped as asked, 1 for an error, told on standard error.

    Of the loggers in `quiet` only warnings are shown.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        code: int = app(arguments, result_action="return_value", exit_on_error=False, print_error=False)
    except (EditFlowError, CycloptsError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201  a command line prints
        return 1
    except KeyboardInterrupt:  # uvicorn raises it again once it has stopped
        return 0
    return code
