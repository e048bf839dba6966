"""The errors that users read."""

from __future__ import annotations

import pytest

from monitor import errors


@pytest.mark.parametrize("name", ["ConfigError", "CameraError", "ModelError", "StoreError"])
def test_every_error_is_a_monitor_error(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, errors.MonitorError)
    assert str(kind("one line")) == "one line"


def test_the_docstring_names_the_whole_tree() -> None:
    tree = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in tree)
