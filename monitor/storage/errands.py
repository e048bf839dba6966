"""What is done with the files beside the store: each in a thread that is waited for a
moment only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from monitor.errand import Errand
from monitor.errors import StoreError

log = logging.getLogger(__name__)


class Errands:
    """An errand for each output, by its name. One thread calls it.

    Args:
        unanswered: By name, what is told where an output does not answer.
    """

    def __init__(self, unanswered: Mapping[str, str]) -> None:
        self._unanswered = unanswered
        self._errands = {what: Errand() for what in unanswered}
        self._silent: set[str] = set()  # that do not answer, which was told
        self.problems: dict[str, str] = {}  # by name, in one line

    def run(
        self,
        what: str,
        action: Callable[[], object],
        done: Callable[[], object] = lambda: None,
        failed: Callable[[], object] = lambda: None,
    ) -> None:
        """Have something done, waiting for a moment only; a `StoreError` is a problem."""

        def settled(error: Exception | None) -> None:
            self._silent.discard(what)
            if error is None:
                self.problems.pop(what, None)
                done()
                return
            if not isinstance(error, StoreError):
                raise error
            if self.problems.get(what) != str(error):
                log.error("%s", error)
            self.problems[what] = str(error)
            failed()

        self._errands[what].run(action, settled)
        self.is_free(what)

    def is_free(self, what: str) -> bool:
        """Whether an output answers; that it does not is a problem until it does."""
        errand = self._errands[what]
        if errand.settle():
            return True
        if errand.stuck and what not in self._silent:
            self._silent.add(what)
            self.problems[what] = self._unanswered[what]
            log.error("%s", self.problems[what])
        return False

    def settle(self, outputs: Iterable[str], wait_s: float = 0.0) -> bool:
        """Take the outcomes of some outputs. Returns whether nothing is under way there."""
        return all(self._errands[what].settle(wait_s) for what in outputs)
