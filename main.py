"""Mask Monitor: `python main.py --camera 0`. See README.md."""

import os
import sys

# OpenCV and FFmpeg print warnings of their own; Mask Monitor says in one line what is wrong.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# 67 megapixels: a forged header of some bytes may claim 16 times as many, and take 6 GB.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))

if __name__ == "__main__":
    try:
        from monitor.cli import main
    except ImportError as error:
        sys.exit(
            f"mask-monitor: {error.name} is not installed: run `make run`, or `pip install -r "
            f"requirements-desk.txt`"
        )
    sys.exit(main())
