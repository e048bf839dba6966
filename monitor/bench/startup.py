"""How soon the window is there: a fresh process, from its creation to the first paint and to the
first frame with a box.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from monitor.bench.measure import in_own_process, peak_bytes, summary

GIVE_UP_S = 30.0


def measure_startup(clip: Path, runs: int) -> dict[str, Any]:
    """Start the window `runs` times on a clip.

    Returns:
        Medians and p95 in ms of `window` and `boxed` (first frame with a box; the clip's own time
        until somebody is in it counts too), and the most that was resident at any time, in MB.
    """
    seen = [
        in_own_process("monitor.bench.startup", str(clip), str(time.time())) for _ in range(runs)
    ]
    failed = [run for run in seen if "error" in run]
    if failed:
        return failed[0]
    return {
        **{f"window_{k}": v for k, v in summary(s["window_s"] for s in seen).items()},
        **{f"boxed_{k}": v for k, v in summary(s["boxed_s"] for s in seen).items()},
        "peak_mb": max(s["peak_mb"] for s in seen),
        "tensorflow_imported": any(s["tensorflow"] for s in seen),
    }


def main() -> None:
    # when the command was given; the system's own note of it is off by up to a second
    born = float(sys.argv[2])
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    from PySide6.QtCore import QSettings, QTimer

    from monitor.app import RunOptions
    from monitor.bench.painting import on_paint
    from monitor.config import load_config
    from monitor.gui.application import make_application, open_window
    from monitor.gui.picture.view import PictureView
    from monitor.records import Frame

    result: dict[str, Any] = {}

    def painted(view: PictureView, frame: Frame | None) -> None:
        result.setdefault("window_s", time.time() - born)
        if view.faces and "boxed_s" not in result:
            result["boxed_s"] = time.time() - born
            QTimer.singleShot(500, make_application().quit)

    on_paint(painted)
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(None, {"store": {"url": f"sqlite:///{folder}/bench.db"}})
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        window = open_window(RunOptions(config=config, video=Path(sys.argv[1])), settings)
        QTimer.singleShot(round(GIVE_UP_S * 1000), make_application().quit)
        make_application().exec()
        result |= {
            "peak_mb": round(peak_bytes(psutil.Process()) / 1e6, 1),
            "tensorflow": "tensorflow" in sys.modules,
        }
        result.setdefault("boxed_s", float("nan"))
        window.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
