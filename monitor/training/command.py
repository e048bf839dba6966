"""How the commands of this package end: status 0, or 2 with one line when the user can mend it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from monitor.errors import MonitorError


def quiet_tensorflow() -> None:
    """Keep TensorFlow's start-up lines off the screen; call before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run(main: Callable[[], int]) -> NoReturn:
    """Run a command's main and leave the process with its status; a `MonitorError` becomes one line
    on stderr.
    """
    try:
        sys.exit(main())
    except MonitorError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
