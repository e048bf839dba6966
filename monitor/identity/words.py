"""What the desk tells, in words: for the commands, the window and the errors of an enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from monitor.identity.guide import Failure, Progress, Reason, Refusal, Step
from monitor.identity.results import (
    ConsentEnded,
    FewShots,
    FilesLeftOut,
    NoMaskModel,
    Note,
    OddShots,
    PicturesKept,
    PicturesRemoval,
    Receipt,
    RecogniserWithdrawal,
    RunningMonitor,
)

STEPS = {
    Step.STRAIGHT: "Look straight into the camera",
    Step.LEFT: "Turn your head a little to your left",
    Step.RIGHT: "Turn your head a little to your right",
    Step.CLOSER: "Come closer",
    Step.MASK_ON: "Put your mask on",
    Step.MASK_OFF: "Take the mask off and look into the camera",
    Step.FREE: "Move your head a little",
}
REASONS = {
    Reason.NO_FACE: "no face is seen",
    Reason.SEVERAL_FACES: "more than one face is seen",
    Reason.TOO_SMALL: "the face is too small",
    Reason.TURNED_AWAY: "the face is turned too far away",
    Reason.TOO_DARK: "it is too dark",
    Reason.TOO_BRIGHT: "it is too bright",
    Reason.NO_CONTRAST: "the face can hardly be made out",
    Reason.BLURRED: "the picture is blurred",
    Reason.NOT_LEFT: "turn a little more to your left",
    Reason.NOT_RIGHT: "turn a little more to your right",
    Reason.NOT_STRAIGHT: "look straight into the camera",
    Reason.NOT_CLOSER: "come closer",
    Reason.MASKED: "take the mask off",
    Reason.NO_MASK: "put your mask on, over nose and mouth",
    Reason.NOT_NEW: "move a little",
}
# what somebody before a camera can do about it
ADVICE = {
    Reason.SEVERAL_FACES: "only one person at a time",
    Reason.TOO_SMALL: "come closer",
    Reason.TOO_DARK: "turn on a light before you",
    Reason.TOO_BRIGHT: "turn away from the light",
    Reason.NO_CONTRAST: "change the light",
    Reason.BLURRED: "hold still",
}
FILES_SHOWN = 3


def of_refusal(refusal: Refusal) -> str:
    """Why a picture is not taken and, where there is something, what to do."""
    words = REASONS[refusal.reason]
    if refusal.reason is Reason.TOO_SMALL:
        words += f" ({refusal.face_px:.0f} px, {refusal.needed_px:.0f} are needed)"
    advice = ADVICE.get(refusal.reason)
    return f"{words}: {advice}" if advice else words


def of_failure(failure: Failure) -> str:
    return f"nothing could be taken for {failure.waited_s:.0f} s: {of_refusal(failure.refusal)}"


def of_progress(progress: Progress) -> str:
    """One line for the person before the camera."""
    if progress.failure is not None:
        return of_failure(progress.failure)
    if progress.done:
        return "Done"
    step = STEPS[progress.step]
    wrong = "" if progress.refusal is None else of_refusal(progress.refusal)
    return step if wrong.lower() in ("", step.lower()) else f"{step} ({wrong})"


def of_files(reason: Reason, files: Sequence[str]) -> str:
    """Why some pictures of a folder are not taken, with the names of the first of them."""
    more = f" and {len(files) - FILES_SHOWN} more" if len(files) > FILES_SHOWN else ""
    return f"{REASONS[reason]} in {', '.join(files[:FILES_SHOWN])}{more}"


def of_clip(mostly: Reason | None) -> str:
    """Why most frames of a clip were not taken."""
    return "it has no pictures" if mostly is None else REASONS[mostly]


def of_note(note: Note) -> str:
    """One line for whoever enrols."""
    match note:
        case NoMaskModel():
            return f"Shots with a mask are not told apart: {note.why}"
        case FilesLeftOut():
            return f"Left out: {of_files(note.reason, note.files)}"
        case FewShots():
            return (
                f"{note.clip} gave {note.taken} of {note.wanted} shots "
                f"(mostly: {of_clip(note.mostly)})"
            )
        case OddShots():
            return f"Left out: {note.left_out} of {note.of} shots, which are not like the others"
        case PicturesKept():
            return f"{note.count} pictures are kept in {note.folder}"
        case ConsentEnded():
            return of_ended(note.receipt)
        case Progress():
            return f"[{note.taken}/{note.wanted}] {of_progress(note)}"


def shots(count: int) -> str:
    """How many shots there are of somebody."""
    return f"{count} shot{'s' if count != 1 else ''}"


def of_day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


def of_ended(receipt: Receipt) -> str:
    """One line on somebody whose consent had run out."""
    pictures = sum(kept.count for kept in receipt.pictures) + receipt.snapshots + receipt.faces
    line = (
        f"The consent of {receipt.name} had ended: removed from the gallery, the name from "
        f"{receipt.rows} visits and sightings, {pictures} pictures deleted"
    )
    late = [f"process {one.pid}" for one in receipt.running if not one.obeyed]
    missed = [kept.folder for kept in receipt.pictures if not kept.whole]
    known = [one.card for one in receipt.recognisers if not one.whole]
    line += f"; {', '.join(late)} has not confirmed: close it" if late else ""
    line += (
        f"; NOT DONE: {receipt.store_waits}: forget them once more" if receipt.store_waits else ""
    )
    line += f"; NOT DONE: {_of_server(receipt)}" if receipt.server_files else ""
    line += f"; not all pictures in {', '.join(missed)}" if missed else ""
    return line + (f"; delete the recogniser of {', '.join(known)}" if known else "")


class Told(NamedTuple):
    """What became of the name at one holder."""

    holder: str
    what: str
    done: bool = True  # False: somebody has to do something there


def of_receipt(receipt: Receipt) -> list[str]:
    """The receipt's lines."""
    return [of_forgotten(receipt), *(f"  {t.holder}: {t.what}" for t in of_holders(receipt))]


def of_forgotten(receipt: Receipt) -> str:
    """The receipt's first line."""
    at = receipt.at.astimezone().isoformat(timespec="seconds")
    return f"Receipt: {receipt.name} was forgotten on {at}."


def of_holders(receipt: Receipt) -> list[Told]:
    """The rest of it, holder by holder."""
    told = [_of_gallery(receipt)]
    if receipt.leftovers:
        told.append(Told("copies beside the gallery", f"{receipt.leftovers} deleted or blanked"))
    store, rows = f"store {receipt.store}", f"{receipt.rows} visits and sightings"
    told.append(Told(store, f"the name removed from {rows}; these stay, without a name"))
    if receipt.store_waits:
        waits = (
            f"NOT DONE: {receipt.store_waits}. What was written meanwhile may hold the name: a "
            f"Mask Monitor that runs removes it when the store answers; else forget "
            f"{receipt.name} once more"
        )
        told.append(Told(store, waits, done=False))
    if receipt.server_files:
        tables = f"NOT DONE: {_of_server(receipt)}"
        told.append(Told("the server's tables", tables, done=False))
    if receipt.server_files is not None:
        told.append(
            Told(
                "the server's journal, replicas and backups",
                "not touched: its administrator ends what they hold (docs/privacy.md)",
            )
        )
    if receipt.snapshots:
        told.append(Told("snapshots", f"{receipt.snapshots} pictures of sightings deleted"))
    if receipt.faces:
        faces = (
            f"{receipt.faces} kept faces deleted, out of all data sets too; a model that learnt "
            f"from them stays, and no picture can be made of it"
        )
        told.append(Told("learning", faces))
    told += [Told("pictures", _of_pictures(kept), kept.whole) for kept in receipt.pictures]
    told += [Told("recogniser", _of_recogniser(one), one.whole) for one in receipt.recognisers]
    for running in receipt.running:
        told += _of_running(running)
    rest = "those that were written before are not touched: delete the name there yourself"
    others = "other CSV files, event logs and backups, and notes that somebody typed"
    return [*told, Told(others, rest)]


def _of_gallery(receipt: Receipt) -> Told:
    gallery, removed = f"gallery {receipt.gallery}", receipt.from_gallery
    if removed is not None:
        consent = f"the consent given {of_day(removed.given)} to {removed.by}"
        return Told(gallery, f"{removed.embeddings} embeddings and {consent} removed")
    if receipt.set_aside is None:
        return Told(gallery, "the name was not in it")
    aside = (
        f"it cannot be read; set aside as {receipt.set_aside.name}, with name and consent "
        f"blanked, and an empty one begun. Embeddings in it cannot be told apart: delete it to be "
        f"sure"
    )
    return Told(gallery, aside, done=False)


def _of_server(receipt: Receipt) -> str:
    return f"the files of the server's tables may hold the name still: {receipt.server_files}"


def _of_pictures(kept: PicturesRemoval) -> str:
    if kept.whole:
        return f"{kept.count} deleted from {kept.folder}"
    return f"{kept.count} deleted from {kept.folder}, where not all are found: look for them there"


def _of_recogniser(one: RecogniserWithdrawal) -> str:
    if one.whole:
        return (
            f"the name taken out of {one.card}, which names nobody by it any more; what the model "
            f"learnt stays in its file until you delete it or train it anew"
        )
    return f"NOT DONE: {one.card} cannot be read or written: delete it, and the model beside it"


def of_unnamed(recogniser: str, names: Sequence[str]) -> list[str]:
    """A line on each person whom a recogniser knows and may not name."""
    return [
        f"{name} is not named by the recogniser {recogniser}: not in the gallery under the consent "
        f"that it learnt from; train it anew"
        for name in names
    ]


def _of_running(running: RunningMonitor) -> list[Told]:
    program = f"Mask Monitor that runs (process {running.pid})"
    if not running.obeyed:
        late = "it has not confirmed: close it, and run this once more"
        return [Told(program, late, done=False)]
    told = [Told(program, "it has confirmed and names the person no more")]
    if running.csv:
        told.append(Told(f"its CSV {running.csv}", "the name removed"))
    if running.events:
        told.append(Told(f"its event log {running.events}", "earlier lines are not touched"))
    return told
