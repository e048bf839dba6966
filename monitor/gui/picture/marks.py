"""The words for what the receptionist says; how states are marked is in `monitor.marks`."""

from __future__ import annotations

from monitor.records import Correction

CORRECTION_WORDS = {
    Correction.MASKED: "wore a mask",
    Correction.UNMASKED: "wore no mask",
    Correction.INCORRECT: "wore it incorrectly",
    Correction.NO_PERSON: "was no person",
    Correction.NEVER_MOVED: "it never moved",
}
