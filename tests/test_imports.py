"""What is imported when: the program opens fast because it waits with the heavy packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "monitor").rglob("*.py")
    if not {"training", "gui", "bench", "web"} & set(path.relative_to(ROOT).parts)
)


def loaded_after(*modules: str) -> set[str]:
    """Top-level packages, and the program's own modules, that are loaded after some imports in a
    new process.
    """
    script = f"import sys; import {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    names = done.stdout.split()
    return {n.split(".")[0] for n in names} | {n for n in names if n.startswith("monitor.")}


def test_the_program_starts_without_heavy_packages() -> None:
    loaded = loaded_after("monitor.cli", "monitor.app", "monitor.headless")
    assert not loaded & {
        "tensorflow",
        "keras",
        "onnxruntime",
        "PySide6",
        "monitor.training",
        "monitor.gui",
        "monitor.web",
        "fastapi",
    }


def test_no_module_needs_qt_tensorflow_or_the_training_side() -> None:
    loaded = loaded_after(*MODULES)
    assert {"monitor.storage.store", "monitor.analysis.worker", "monitor.detect"} <= loaded
    assert not loaded & {"tensorflow", "keras", "PySide6", "monitor.training", "monitor.gui"}


@pytest.mark.parametrize(
    "module", ["monitor.cli", "monitor.config", "monitor.errors", "monitor.records"]
)
def test_light_modules_stay_light(module: str) -> None:
    heavy = {"cv2", "sqlalchemy", "onnxruntime", "tensorflow", "PySide6"}
    assert not loaded_after(module) & heavy


def test_listing_the_detectors_loads_none_of_them() -> None:
    script = (
        "import sys; from monitor.config import load_config; from monitor.cli import _run_parser\n"
        "load_config(None, {'detect': {'name': 'haar'}}); _run_parser().format_help()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    names = done.stdout.split()
    assert "monitor.declared" in names
    assert not {n for n in names if n.startswith(("cv2", "onnxruntime", "monitor.detect"))}


def test_the_embedder_is_not_loaded_unless_asked_for() -> None:
    """Mask-only mode: no embedding can be computed where the code for it is not even loaded."""
    loaded = loaded_after(
        "monitor.app", "monitor.analysis.worker", "monitor.headless", "monitor.cli"
    )
    never = "monitor.identity", "monitor.faces.align"
    assert not [name for name in loaded if name.startswith(never)]
