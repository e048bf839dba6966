"""The commands on people: `enrol NAME`, `people`, `forget NAME`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from monitor.config import nearest
from monitor.errors import ConfigError
from monitor.given import CommandParser, path_to_read, path_to_write
from monitor.identity import words
from monitor.identity.desk import (
    AlreadyEnrolledError,
    EnrolRequest,
    IfKnown,
    NotEnrolledError,
    PeopleDesk,
    moment_after,
    user_name,
)
from monitor.identity.guide import SHOTS, Progress
from monitor.identity.person import EnrolledPerson, clean_name
from monitor.identity.results import Note, Tell
from monitor.identity.shots import (
    ShotSource,
    shots_from_camera,
    shots_from_clip,
    shots_from_folder,
)

Say = Callable[[str], None]
COUNT_MAX = 5000


def enrol_parser() -> argparse.ArgumentParser:
    """What `main.py enrol` takes."""
    parser = CommandParser(
        prog="main.py enrol",
        description="Enrol a person who agreed to be recognised.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--camera", metavar="INDEX|URL", help="guided, before a camera")
    source.add_argument(
        "--images",
        metavar="DIR",
        type=path_to_read,
        help="from a folder of pictures of this person",
    )
    source.add_argument(
        "--video",
        metavar="FILE",
        type=path_to_read,
        help="from a recorded file that shows this person alone",
    )
    parser.add_argument(
        "--consent", metavar="TEXT", required=True, help="what the person agreed to, in words"
    )
    parser.add_argument(
        "--until",
        metavar="DATE",
        help="last day of the consent, as 2027-06-30; without it until withdrawn",
    )
    parser.add_argument(
        "--by", metavar="WHO", default="", help="who enrols (the user of this computer)"
    )
    parser.add_argument(
        "--gallery",
        metavar="FILE",
        type=path_to_write,
        help="gallery file (in the user's data folder)",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        default="",
        help="where the names of those go whose consent has ended",
    )
    parser.add_argument(
        "--count", metavar="N", type=int, default=SHOTS, help=f"shots to take ({SHOTS})"
    )
    parser.add_argument(
        "--keep-pictures",
        metavar="DIR",
        type=path_to_read,
        help="also write the pictures here, as a training set",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--replace", action="store_true", help="enrol a known person anew")
    again.add_argument("--add", action="store_true", help="add shots to a known person")
    return parser


def run_enrol(argv: Sequence[str], say: Say = print) -> int:
    """`main.py enrol`.

    Raises:
        ConfigError, CameraError, ModelError, StoreError: One line each; nothing is then in the
            gallery.
    """
    arguments = enrol_parser().parse_args(argv)
    request, desk = _request(arguments), PeopleDesk(arguments.gallery, arguments.store)
    try:
        enrolled = desk.enrol(request, _source(arguments), _telling(say))
    except AlreadyEnrolledError as error:
        raise ConfigError(
            f"{error.name} is enrolled already: add --add for more shots or --replace to enrol anew"
        ) from None
    except NotEnrolledError as error:
        hint = f" ({nearest(error.name, error.people)})" if error.people else ""
        raise ConfigError(f"{error.name} is not enrolled: leave --add out{hint}") from None
    person = enrolled.person
    say(
        f"{person.name} is enrolled: {words.shots(person.shots)} ({enrolled.masked} with a mask) "
        f"and {enrolled.drawn} with a mask drawn on; consent {_ends(person)}. No picture is in the "
        f"gallery."
    )
    return 0


def _request(arguments: argparse.Namespace) -> EnrolRequest:
    name = clean_name(arguments.name)
    if not arguments.consent.strip():
        raise ConfigError("--consent is empty: write down what the person agreed to")
    if not 1 <= arguments.count <= COUNT_MAX:
        raise ConfigError(f"--count {arguments.count}: give a number from 1 to {COUNT_MAX}")
    if_known = IfKnown.ADD if arguments.add else IfKnown.REFUSE
    return EnrolRequest(
        name,
        arguments.consent,
        _last_day(arguments.until),
        arguments.by or user_name(),
        IfKnown.REPLACE if arguments.replace else if_known,
        arguments.count,
        arguments.keep_pictures,
    )


def _last_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
        until = moment_after(day)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f"--until {text!r} is no date: write it as 2027-06-30") from None
    if until <= datetime.now(UTC):
        raise ConfigError(f"--until {text} is over: give a day to come")
    return day


def _source(arguments: argparse.Namespace) -> ShotSource:
    if arguments.images is not None:
        return lambda tools: shots_from_folder(arguments.images, tools)
    if arguments.video is not None:
        return lambda tools: shots_from_clip(arguments.video, tools)
    return lambda tools: shots_from_camera(arguments.camera, tools)


def _telling(say: Say) -> Tell:
    """Says each note; of an enrolment's progress only what is new."""
    last = ""

    def tell(note: Note) -> None:
        nonlocal last
        if isinstance(note, Progress):
            if words.of_progress(note) == last:
                return
            last = words.of_progress(note)
        say(words.of_note(note))

    return tell


def run_people(argv: Sequence[str], say: Say = print) -> int:
    """`main.py people`: who is enrolled, with their consents.

    Raises:
        ConfigError, ModelError, StoreError: One line each.
    """
    parser = CommandParser(
        prog="main.py people", description="List the people who are enrolled.", allow_abbrev=False
    )
    parser.add_argument("--gallery", metavar="FILE", type=path_to_write)
    parser.add_argument("--store", metavar="URL", default="")
    arguments = parser.parse_args(argv)
    desk = PeopleDesk(arguments.gallery, arguments.store)
    people = desk.people()
    for listed in people:
        person = listed.person
        ended = " (ENDED: not recognised, removed now)" if listed.ended else ""
        kept = f"; pictures in {', '.join(person.pictures)}" if person.pictures else ""
        given = f"consent given {words.of_day(person.given)} to {person.by}, {_ends(person)}{ended}"
        say(f"{person.name}: {words.shots(person.shots)}; {given}: {person.consent}{kept}")
    for receipt in desk.end_consents():
        say(words.of_ended(receipt))
    if not people:
        say(f"Nobody is enrolled in {desk.gallery_path}.")
    return 0


def _ends(person: EnrolledPerson) -> str:
    if person.until is None:
        return "until it is withdrawn"
    return f"until {words.of_day(person.until - timedelta(seconds=1))}"


def run_forget(argv: Sequence[str], say: Say = print) -> int:
    """`main.py forget NAME`: out of the gallery, the name out of the store, kept pictures deleted;
    with a receipt. Returns 1 where the receipt names something that is not done yet.

    Raises:
        ConfigError: If the name is found nowhere.
        ConfigError, StoreError, ModelError: One line each.
    """
    parser = CommandParser(
        prog="main.py forget", description="Remove a person and their name.", allow_abbrev=False
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--gallery", metavar="FILE", type=path_to_write)
    parser.add_argument("--store", metavar="URL", default="")
    arguments = parser.parse_args(argv)
    receipt = PeopleDesk(arguments.gallery, arguments.store).forget(arguments.name)
    for line in words.of_receipt(receipt):
        say(line)
    return 0 if receipt.done else 1
