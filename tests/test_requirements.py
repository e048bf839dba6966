"""The lists of packages agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTS = sorted(path.name for path in ROOT.glob("requirements*"))


def pinned(name: str) -> dict[str, str]:
    """Package to version, in the spelling of the index."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", (ROOT / name).read_text("utf-8"), re.M)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def test_the_lock_has_what_the_desk_needs() -> None:
    """Where it fails, run .ci/lock."""
    desk, lock = pinned("requirements-desk.txt"), pinned("requirements-desk.lock")
    assert desk.items() <= lock.items()
    assert not lock.keys() & {"tensorflow", "keras", "psutil", "pytest"}


@pytest.mark.parametrize("name", LISTS)
def test_no_list_differs_from_the_constraints(name: str) -> None:
    """What only other systems need is in the lock alone."""
    constraints = pinned("constraints.txt")
    known = {package: v for package, v in pinned(name).items() if package in constraints}
    assert known.items() <= constraints.items()
    if name != "requirements-desk.lock":
        assert known == pinned(name)


def test_every_file_of_the_lock_has_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements-desk.lock").read_text("utf-8").strip())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert len(packages) == len(pinned("requirements-desk.lock"))
    for entry in packages:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


@pytest.mark.parametrize("name", [*LISTS, "constraints.txt", "Makefile"])
def test_no_list_says_where_packages_come_from(name: str) -> None:
    assert "://" not in (ROOT / name).read_text("utf-8")
