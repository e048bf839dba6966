"""`python -m monitor.scan.host start …`: `ray start …` for a computer of a cluster, kept from
telling anybody of its use, as a scan's own workers are.
"""

from __future__ import annotations

import sys

from monitor.errors import MonitorError
from monitor.scan.workers import load_ray


def main() -> int:
    try:
        load_ray()
    except MonitorError as error:
        print(f"mask-monitor: {error}", file=sys.stderr)
        return 2
    from ray.scripts.scripts import main as ray_command

    ray_command()
    return 0


if __name__ == "__main__":
    sys.exit(main())
