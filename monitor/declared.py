"""What is found by its file alone: a file of a package declares itself, and all lists know of it.

A list of names must not cost the import of a network's library. So a declaration, `NAME =
Record(word="…")` with plain values at the top level of the file, is read from the source; the file
is imported when it is used.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib.machinery
import importlib.util
import pkgutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from monitor.errors import ConfigError

T = TypeVar("T")
# Python 3.11 raises SystemError where two threads make trees at once.
_PARSING = threading.Lock()


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """What a file in `monitor/detect/` says of its detector, whose name is the file's.

    The file also has `make(config: DetectConfig) -> FaceDetector`.
    """

    title: str  # for people: in menus, settings and help
    line: str  # a few words on when to take it
    confidence_min: float  # faces below are dropped, unless the settings say otherwise; in [0, 1]
    # shares of the masked and of the bare faces of 40 px or more that it finds in andrewmvd;
    # None: not measured
    recall: tuple[float, float] | None = None


def detectors() -> dict[str, DetectorInfo]:
    """All detectors by name: those that find most masked faces first, then those not measured.

    Raises:
        ConfigError: If a file's declaration is not complete.
    """
    found = declared("monitor.detect", DetectorInfo, needs=("make",))
    return dict(sorted(found.items(), key=lambda item: (-(item[1].recall or (0, 0))[0], item[0])))


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a file in `monitor/camera/` says of its kind of source, whose name is the file's.

    The file also has `make(what: Path | Address, config: CameraConfig) -> FrameSource`; `what` is
    what the user gave after the option, or the address with one of the schemes.
    """

    title: str  # for people
    line: str  # a few words for the help of the command line
    option: str | None = None  # of the command line, without its dashes; it takes a path
    metavar: str = "FILE"
    schemes: tuple[str, ...] | None = None  # beginnings of addresses, in small letters


def sources() -> dict[str, SourceInfo]:
    """All kinds of sources by name.

    Raises:
        ConfigError: If a file's declaration is not complete.
    """
    return declared("monitor.camera", SourceInfo, needs=("make",))


def declared(package: str, record: type[T], needs: Sequence[str] = ()) -> dict[str, T]:
    """The declarations of a package's files, by the files' names in alphabetical order.

    Args:
        package: Full name; neither it nor its files are imported.
        record: Dataclass that a file makes one of; files that make none are passed over.
        needs: Functions that such a file must define.

    Raises:
        ConfigError: If a declaration lacks a word or has one that is not known, or a file lacks a
            function.
    """
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    found = {}
    for module in pkgutil.iter_modules(folders):
        one = module.module_finder.find_spec(module.name, None)
        loader = one.loader if one is not None else None
        if one is None or not isinstance(loader, importlib.machinery.SourceFileLoader):
            continue
        declaration = _read(str(one.origin), loader.get_source(module.name) or "", record, needs)
        if declaration is not None:
            found[module.name] = declaration
    return found


def _read(path: str, source: str, record: type[T], needs: Sequence[str]) -> T | None:
    """The declaration in a file, or None where it has none."""
    if f"{record.__name__}(" not in source:
        return None
    try:
        with _PARSING:
            body = ast.parse(source).body
    except SyntaxError as error:
        raise ConfigError(f"{path} is no Python ({error}): correct it") from None
    calls = [
        node.value
        for node in body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == record.__name__
    ]
    if not calls:
        return None
    words = _words(path, calls[0], record)
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    missing = [f"the function {name}" for name in needs if name not in defined]
    if missing:
        raise ConfigError(f"{path} lacks {', '.join(missing)}: add it")
    return record(**words)


def _words(path: str, call: ast.Call, record: type[Any]) -> dict[str, Any]:
    """The declaration's words, all there."""
    fields = {field.name: field for field in dataclasses.fields(record)}
    words: dict[str, Any] = {}
    where = f"{path}, line {call.lineno}: {record.__name__}"
    for keyword in call.keywords:
        if keyword.arg not in fields:
            raise ConfigError(f"{where} knows no {keyword.arg}: give {', '.join(fields)}")
        try:
            words[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:
            raise ConfigError(
                f"{where}: {keyword.arg} is worked out: write the value itself, as it is read "
                f"without running the file"
            ) from None
    missing = [
        name
        for name, field in fields.items()
        if field.default_factory is dataclasses.MISSING
        and words.get(name, field.default) in (dataclasses.MISSING, "")
    ]
    if missing or call.args:
        raise ConfigError(f"{where} lacks {', '.join(missing)}: write each as name=value")
    return words
