"""Mask Monitor: watches an entrance camera and tells who wears a mask."""

import os

__version__ = "0.1.0"

# Nothing leaves the PC. ONNX Runtime reads this once, when it is loaded: set here, it stands before
# any module of the program can load it, and processes that the program starts inherit it.
# `engine.onnx_runtime` does the rest.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
