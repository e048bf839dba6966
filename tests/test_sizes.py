"""Files and functions stay as small as one reads at a sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import ROOT

FILE_LINES, FUNCTION_LINES, PARAMETERS = 400, 60, 6
FILES = sorted([ROOT / "main.py", *ROOT.glob("monitor/**/*.py"), *ROOT.glob("tests/**/*.py")])


def too_large(path: Path) -> Iterator[str]:
    """What of a file is longer than it may be, or takes more."""
    text = path.read_text(encoding="utf-8")
    if (lines := len(text.splitlines())) > FILE_LINES:
        yield f"{path.relative_to(ROOT)} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
            yield f"{where} has {lines} lines"
        given = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        if len(given) - (given[:1] in (["self"], ["cls"])) > PARAMETERS:
            yield f"{where} takes {len(given)}"


def test_no_file_and_no_function_is_too_large() -> None:
    assert [said for path in FILES for said in too_large(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * 401,
        "def f():\n" + "    x = 1\n" * 60,
        "def f(a, b, c, d, *, e, f, g): ...\n",
        "class A:\n    def f(self, a, b, c, d, e, f, g): ...\n",
    ],
)
def test_it_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "large.py"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("test_sizes.ROOT", tmp_path)
    assert len(list(too_large(path))) == 1
