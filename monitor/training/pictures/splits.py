"""Who and what is kept out of training: every rule of it, so that no two trainings disagree.

**To hold a person out of training, add the name to `HELD_OUT`**; nothing else needs to be changed.

All other rules go by the CRC32 of a name, so that a side never changes when pictures are added:

    data set           kept out                     of                       rule
    lfw_aligned        test people                  identity, gender         `is_test_person`
    lfw_aligned        watched people               the margin experiment    `is_watched_person`
    lfw_aligned        strangers that set a bar     recognisers of one's own `stranger_part`
    lfw_aligned        the five of celeb5           identity                 `CELEBS_IN_LFW`
    rmfrd_ids          test people                  identity                 `is_test_person`
    rmfrd_ids          people of the set kept aside mask                     `is_kept_aside`
    mask_chips         public figures of the tests  identity, gender         `is_test_figure`
    mask_chips         watched originals            the aligner              `is_watched_original`
    utkface_aligned    test pictures                everything               `is_test_utkface`
    utkface_aligned    watched pictures             gender                   `is_watched_utkface`
    aizoo_chips        test originals               the detector, mask       `is_test_aizoo`
    worn_wrong         test pictures                mask                     `is_test_worn_wrong`
    both               watched originals            mask                     `is_watched_mask`
    whole pictures     test pictures                the detector, mask       `is_test_whole`

"Test" is measured on when all is done, "watched" is looked at while a training goes on. What a run
shares out by a seed of its own is `chips.split`'s subject.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from pathlib import Path

# People who take part in no training, spelt as the folder of lfw_aligned or rmfrd_ids or the column
# `identity` of mask_chips spells them. In the sets that test people they are test people.
HELD_OUT: frozenset[str] = frozenset()
# The five of celeb5 as LFW spells them: they are enrolled there, and so no strangers to it.
CELEBS_IN_LFW = ("Ben_Affleck", "Elton_John", "Jerry_Seinfeld", "Madonna", "Mindy_Kaling")

_TEST_BIT = {"lfw": 0, "rmfrd": 1}  # which bit of a name's CRC32 makes a test person
_WATCHED_PEOPLE = 16  # one LFW person in this many of the training half is watched
WATCHED_ORIGINALS = 16  # one original picture in this many is watched by the aligner
_UTKFACE_TENTHS = 4  # of utkface_aligned are the test part
_WATCHED_UTKFACE = 20  # one picture in this many of the rest is watched


def is_held_out(name: str) -> bool:
    """Whether a person takes part in no training at all."""
    return name in HELD_OUT


def is_test_person(name: str, dataset: str) -> bool:
    """Whether a person of `lfw` or `rmfrd` is tested on and never trained on: half of the people.

    In `rmfrd_ids`, where all have an even CRC32 (see `is_kept_aside`), the second lowest bit tells.
    """
    return is_held_out(name) or bool(_crc(name) >> _TEST_BIT[dataset] & 1)


def people_of(names: Iterable[str], half: str, dataset: str) -> list[str]:
    """The names of one half (`test` or `train`) of `lfw` or `rmfrd`, or of `all`, sorted."""
    return sorted(
        n for n in names if half == "all" or is_test_person(n, dataset) == (half == "test")
    )


def is_watched_person(name: str) -> bool:
    """Whether an LFW person of the training half is kept to watch a training of the embedding."""
    return (_crc(name) >> 1) % _WATCHED_PEOPLE == 0


def stranger_part(name: str) -> str:
    """What a person of LFW, as a stranger, is to a recogniser of one's own: "test" (the test half),
    else "learnt" or "threshold", half and half.
    """
    if is_test_person(name, "lfw"):
        return "test"
    return "threshold" if _crc(name) >> 1 & 1 else "learnt"


def is_kept_aside(name: str) -> bool:
    """Whether a person of RMFRD belongs to the half that is kept aside, which no training here may
    see: the odd names.
    """
    return is_held_out(name) or _crc(name) % 2 == 1


def is_test_figure(name: str) -> bool:
    """Whether a test, of `rmfrd_ids` or of the half kept aside, may hold this public figure.

    Named people of `mask_chips` come from the same public figures, so both bits of the name count.
    """
    return is_kept_aside(name) or is_test_person(name, "rmfrd")


def is_watched_original(original: str) -> bool:
    """Whether the chips of an original picture (its file name) are watched by the aligner."""
    return _crc(original) % WATCHED_ORIGINALS == 0


def utkface_key(name: str) -> str:
    """The original's number (`AGE_GENDER_RACE_date`), the same for every cut of one picture."""
    return name.split(".")[0]


def original_of(name: str) -> str:
    """What the file names of one original and of all that was made of it have in common: the name
    without `Augmented_`, the number that Keras adds, Roboflow's ending and the mask.

    Names that say too little become the same, which only keeps more on one side of a split.
    """
    stem = re.sub(r"\.rf\.[0-9a-f]+$", "", Path(name).stem.lower())
    kept = re.sub(r"_(jpe?g|png)$", "", stem)
    kept = re.sub(r"^aug(mented)?[ _-]+(image[ _-]+)?(?=.)", "", kept)
    if kept != stem:
        kept = re.sub(r"(?<=.)_\d{3,}$", "", kept)
    kept = re.sub(r"[ _-]*with(out)?[ _-]?mask[ _-]*", "", kept)
    return kept or stem


def is_test_utkface(name: str) -> bool:
    """Whether a picture of UTKFace (its file name) is tested on: four tenths of them."""
    return _crc(utkface_key(name)) % 10 < _UTKFACE_TENTHS


def is_watched_utkface(name: str) -> bool:
    """Whether a picture of UTKFace that is no test picture is watched by the training of gender."""
    # The remainder by ten has gone into the choice of the test part.
    return _crc(utkface_key(name)) // 10 % _WATCHED_UTKFACE == 0


def is_test_aizoo(original: str) -> bool:
    """Whether the chips of an original picture of `aizoo_chips` are tested on: a fifth of them."""
    return _crc(original) % 5 == 0


def is_test_worn_wrong(name: str) -> bool:
    """Whether a picture of `worn_wrong` (its file name) is tested on: a fifth of them."""
    return _crc(name) % 5 == 0


def is_watched_mask(name: str) -> bool:
    """Whether an original of `aizoo_chips` or a picture of `worn_wrong` that is no test picture is
    watched by the training of the mask classifier: a tenth of them.
    """
    # The remainder by five has gone into the choice of the test part.
    return _crc(name) // 5 % 10 == 0


def is_test_whole(name: str) -> bool:
    """Whether a picture of `ilc2021_whole` or `andrewmvd_hd` (its file name) is tested on by the
    detector and by the mask classifier: a tenth of them.
    """
    return _crc(name) % 10 == 0


def _crc(name: str) -> int:
    return zlib.crc32(name.encode())
