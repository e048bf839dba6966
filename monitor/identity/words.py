"""What the desk tells, in words: for the commands, the window and the errors of an enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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


def of_receipt(receipt: Receipt) -> list[str]:
    """The receipt's lines."""
    at = receipt.at.astimezone().isoformat(timespec="seconds")
    lines = [f"Receipt: {receipt.name} was forgotten on {at}."]
    removed = receipt.from_gallery
    if removed is not None:
        consent = f"the consent given {of_day(removed.given)} to {removed.by}"
        embeddings = f"{removed.embeddings} embeddings"
        lines.append(f"  gallery {receipt.gallery}: {embeddings} and {consent} removed")
    elif receipt.set_aside is not None:
        lines.append(
            f"  gallery {receipt.gallery}: it cannot be read; set aside as "
            f"{receipt.set_aside.name}, with name and consent blanked, and an empty one begun. "
            f"Embeddings in it cannot be told apart: delete it to be sure"
        )
    else:
        lines.append(f"  gallery {receipt.gallery}: the name was not in it")
    if receipt.leftovers:
        lines.append(f"  copies beside the gallery: {receipt.leftovers} deleted or blanked")
    lines.append(
        f"  store {receipt.store}: the name removed from {receipt.rows} visits and sightings; "
        f"these stay, without a name"
    )
    if receipt.store_waits:
        lines.append(
            f"  NOT DONE: {receipt.store_waits}. What was written meanwhile may hold the name: a "
            f"Mask Monitor that runs removes it when the store answers; else forget "
            f"{receipt.name} once more"
        )
    if receipt.server_files:
        lines.append(f"  NOT DONE: {_of_server(receipt)}")
    if receipt.server_files is not None:
        lines.append(
            "  the server's journal, replicas and backups are not touched: its administrator ends "
            "what they hold (docs/privacy.md)"
        )
    if receipt.snapshots:
        lines.append(f"  snapshots: {receipt.snapshots} pictures of sightings deleted")
    if receipt.faces:
        lines.append(
            f"  learning: {receipt.faces} kept faces deleted, out of all data sets too; a model "
            f"that learnt from them stays, and no picture can be made of it"
        )
    lines += [f"  pictures: {_of_pictures(kept)}" for kept in receipt.pictures]
    lines += [f"  recogniser: {_of_recogniser(one)}" for one in receipt.recognisers]
    for running in receipt.running:
        lines += _of_running(running)
    lines.append(
        "  Other CSV files, event logs and backups that were written before, and notes that "
        "somebody typed, are not touched: delete the name there yourself"
    )
    return lines


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


def _of_running(running: RunningMonitor) -> list[str]:
    program = f"  Mask Monitor that runs (process {running.pid}): "
    if not running.obeyed:
        return [f"{program}it has not confirmed: close it, and run this once more"]
    lines = [f"{program}it has confirmed and names the person no more"]
    if running.csv:
        lines.append(f"  its CSV {running.csv}: the name removed")
    if running.events:
        lines.append(f"  its event log {running.events}: earlier lines are not touched")
    return lines
