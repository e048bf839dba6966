"""Every error that Mask Monitor raises on purpose.

    MonitorError
      ConfigError     a setting, an argument or a file named by the user is wrong
      CameraError     a camera, stream, clip or folder cannot be opened or read
        CameraMistakeError  what the user named cannot be, as a path without a picture
          CameraRefusedError  the camera refuses the user or the password
          NoAddressError  what was given is no address of a camera
        DamagedPictureError  one picture of a live source cannot be shown
      ModelError      a model file is missing, changed, without a card, or does not fit
      StoreError      the store or the CSV cannot be opened or written
        StoreAwayError    the store's server cannot be reached now
        PlaceTakenError   a file is there already, and was not to be replaced
        NotScrubbedError  the rows are changed, and a name may still be in the store's files
      TrainingError   a training that several processes share cannot go on

Each message is one line that says what is wrong and what to do about it: `main.py` prints it and
exits with status 2. Faults that come up while the monitor runs are no exceptions but states (see
`records.SourceState`), which the window shows.
"""


class MonitorError(Exception):
    """Base of all errors that are meant to be read by the user."""


class ConfigError(MonitorError):
    """A setting, an argument or a file named by the user is wrong."""


class CameraError(MonitorError):
    """A picture source cannot be opened or read."""


class CameraMistakeError(CameraError):
    """A camera that cannot be what was meant, as a wrong password: trying again alone will not
    mend it.
    """


class CameraRefusedError(CameraMistakeError):
    """The camera refuses the user or the password."""


class NoAddressError(CameraMistakeError):
    """What was given as a camera is neither a number nor the address of a stream."""


class DamagedPictureError(CameraError):
    """One picture of a live source cannot be shown; the next one may be."""


class ModelError(MonitorError):
    """A model file is missing, changed, without a card, or does not fit its card."""


class TrainingError(MonitorError):
    """A training that several processes share cannot go on."""


class StoreError(MonitorError):
    """The store or the CSV file cannot be opened or written."""


class StoreAwayError(StoreError):
    """The store's server cannot be reached; it may be, later."""


class NotScrubbedError(StoreError):
    """A name is in no row any more, and may be in the bytes of the store's files still."""

    def __init__(self, message: str, rows: int) -> None:
        super().__init__(message)
        self.rows = rows  # that held the name


class PlaceTakenError(StoreError):
    """A file is there already, and was not to be replaced."""
