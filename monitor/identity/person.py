"""An enrolled person: the name, the consent, the embeddings and the templates made of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.names import name_key, same_name
from monitor.records import FloatArray

# what everyone is called who is not in the gallery; nobody can be enrolled under it
VISITOR = "visitor"
NAME_MAX = 200
# Invisible characters that belong to names: joiners of emoji and of some scripts. All other control
# characters are refused.
_JOINERS = "\u200c\u200d"


class Kind(IntEnum):
    """How a face looked when it was enrolled."""

    BARE = 0
    MASKED = 1  # a real mask
    DRAWN = 2  # a bare shot with a mask drawn on


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPerson:
    """One enrolled person and what they agreed to."""

    name: str
    consent: str  # the words that were agreed to
    given: datetime  # aware
    until: datetime | None  # aware; None: until it is withdrawn
    by: str  # who enrolled them
    embeddings: FloatArray  # (N, D), each of length 1
    kinds: npt.NDArray[np.uint8]  # (N,) `Kind` of each
    # folders that hold pictures, where they were asked for, the newest last
    pictures: tuple[str, ...] = ()

    @property
    def shots(self) -> int:
        """How many pictures were taken; drawn masks are none."""
        return int(np.sum(self.kinds != Kind.DRAWN))

    def ended(self, now: datetime) -> bool:
        """Whether the consent has run out."""
        return self.until is not None and now >= self.until

    def templates(self) -> FloatArray:
        """(1..3, D) of length 1, the bare one first where there is one; see `templates`."""
        return templates(*(self.embeddings[self.kinds == kind] for kind in Kind))


def templates(bare: FloatArray, masked: FloatArray, drawn: FloatArray) -> FloatArray:
    """What a face is compared with: the mean bare face, the mean really masked one, and one halfway
    between.

    Means keep the matching short (1,000 people of 60 embeddings would be 30 MB to go through for
    each face) and rank probes better than the most similar single shot does. A probe that is masked
    otherwise than the one enrolled is nearest to the halfway one. Drawn masks stand in where no
    real one was enrolled, and then only halfway: a template of their own lets more strangers in
    than it finds masked faces (docs/training/identity.md).

    Args:
        bare: (N, D) of length 1; N may be 0, as in the others.
        masked: (M, D), with a real mask.
        drawn: (K, D), with a drawn one.

    Returns:
        (1..3, D) of length 1.
    """
    means = [_mean(group) for group in (bare, masked if len(masked) else drawn) if len(group)]
    if len(means) == 2:
        between = _mean(np.stack(means))
        means = [*means, between] if len(masked) else [means[0], between]
    return np.stack(means)


def _mean(group: FloatArray) -> FloatArray:
    mean = group.mean(axis=0)
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)  # type: ignore[no-any-return]


def clean_name(name: str) -> str:
    """The name as it is kept: NFC, without blanks at its ends.

    Emoji and a leading `=` are allowed: the CSV writes those safely.

    Raises:
        ConfigError: If it is empty, too long, holds control characters or is the word for
            strangers.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError("the name holds bytes that are no text: type it again") from None
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned:
        raise ConfigError("the name is empty: give the person's name")
    if len(cleaned) > NAME_MAX:
        raise ConfigError(f"the name has {len(cleaned)} characters: give one of at most {NAME_MAX}")
    for character in cleaned:
        if (
            unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            and character not in _JOINERS
            and not _is_tag(character)
        ):
            raise ConfigError(
                f"the name holds the control character U+{ord(character):04X}: leave it out"
            )
    if same_name(cleaned, VISITOR):
        raise ConfigError(f"{VISITOR!r} is what strangers are called: give another name")
    return cleaned


def _is_tag(character: str) -> bool:
    return 0xE0020 <= ord(character) <= 0xE007F  # parts of some flag emoji


def merged(old: EnrolledPerson, new: EnrolledPerson) -> EnrolledPerson:
    """More shots of one person, under the newer consent."""
    return replace(
        new,
        name=old.name,
        embeddings=np.concatenate([old.embeddings, new.embeddings]),
        kinds=np.concatenate([old.kinds, new.kinds]),
        pictures=all_pictures(old, new),
    )


def all_pictures(old: EnrolledPerson, new: EnrolledPerson) -> tuple[str, ...]:
    """Every folder with pictures of somebody who is enrolled again, the newest last."""
    earlier = [folder for folder in old.pictures if folder not in new.pictures]
    return (*earlier, *new.pictures)


def by_name(people: Iterable[EnrolledPerson]) -> list[EnrolledPerson]:
    """Sorted by name, whatever its case."""
    return sorted(people, key=lambda p: name_key(p.name))
