"""Reports: self-contained HTML (pictures inside the file) and Markdown tables."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from monitor import palette
from monitor.errors import ConfigError
from monitor.records import Image

plt.switch_backend("Agg")  # no display is asked for
# Small files, and the same for the same figures.
matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "mask-monitor"}

COLOURS = {state.value: colour for state, colour in palette.COLOURS.items()}
LINES = {"masked": "-", "unmasked": "--", "incorrect": "-.", "unsure": ":"}
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1100px;padding:0 1em}
body{color:#222;background:#fff}table{border-collapse:collapse;margin:1em 0}
td,th{border:1px solid #bbb;padding:.2em .7em;text-align:right}
td:first-child,th:first-child{text-align:left}th{background:#eee}img{max-width:100%}code{background:#f2f2f2}"""

Row = Sequence[object]


def cell(value: object) -> str:
    """A table cell's text: floats with three places, None as a dash."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def markdown_table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """A Markdown table, first column to the left."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, rule, *([cell(v).replace("|", "/") for v in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


class Page:
    """An HTML page that grows from top to bottom; every picture is stored inside it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = [f"<h1>{html.escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        """A section."""
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph of plain text."""
        self._parts.append(f"<p>{html.escape(text)}</p>")

    def table(self, head: Sequence[str], rows: Sequence[Row]) -> None:
        """A table."""
        top = "".join(f"<th>{html.escape(h)}</th>" for h in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell(v))}</td>" for v in row) + "</tr>"
            for row in rows
        )
        self._parts.append(f"<table><tr>{top}</tr>{body}</table>")

    def figure(self, figure: Figure, caption: str) -> None:
        """A chart; it is closed."""
        buffer = BytesIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
        self._picture("image/svg+xml", buffer.getvalue(), caption)

    def image(self, image_bgr: Image, caption: str) -> None:
        """A picture, (H, W, 3) uint8 BGR, as JPEG."""
        _, data = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
        self._picture("image/jpeg", data.tobytes(), caption)

    def _picture(self, kind: str, data: bytes, caption: str) -> None:
        text = html.escape(caption)
        source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        self._parts.append(
            f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'
        )

    def save(self, path: Path) -> None:
        """Write the page."""
        page = (
            f'<!doctype html><html lang="en"><head><meta '
            f'charset="utf-8"><title>{html.escape(self._title)}</title>'
            f"<style>{_STYLE}</style></head><body>{''.join(self._parts)}</body></html>\n"
        )
        write_text(path, page)


def grid(images_bgr: Sequence[Image], columns: int, captions: Sequence[str] = ()) -> Image:
    """Pictures of one size (H, W, 3) uint8 side by side, with a line of text under each when there
    are captions.
    """
    height, width = images_bgr[0].shape[:2]
    below = 16 if captions else 0
    rows = -(-len(images_bgr) // columns)
    sheet = np.full((rows * (height + below), columns * width, 3), 255, np.uint8)
    for i, image in enumerate(images_bgr):
        y, x = i // columns * (height + below), i % columns * width
        sheet[y : y + height, x : x + width] = image
        if captions:
            cv2.putText(
                sheet,
                captions[i],
                (x + 2, y + height + 11),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.32,
                (0, 0, 0),
                1,
                cv2.LINE_AA,
            )
    return sheet


def save_figure(figure: Figure, path: Path) -> None:
    """A chart as PNG or SVG, by the file's name; it is closed."""
    output_dir(path.parent)
    figure.savefig(
        path,
        bbox_inches="tight",
        dpi=110,
        metadata={"Date": None} if path.suffix == ".svg" else None,
    )
    plt.close(figure)


def output_dir(path: Path) -> Path:
    """The folder, made if need be.

    Raises:
        ConfigError: If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write into {path} ({error.strerror}): give another folder with --out"
        ) from None
    return path


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a `ConfigError` says why not."""
    output_dir(path.parent)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror}): give another place") from None


def plain(value: Any) -> Any:
    """Arrays and numpy numbers inside `value` made JSON-ready; nan becomes None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if hasattr(value, "as_json"):
        return value.as_json()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 6)
    return str(value) if isinstance(value, Path) else value


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON."""
    write_text(path, json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n")
