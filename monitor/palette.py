"""The colours that stand for the states, in the window, on the web page and in reports.

They are those of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people can
tell apart; the grey of "not sure" is none of theirs.
"""

from __future__ import annotations

from monitor.records import MaskState

COLOURS = {
    MaskState.MASKED: "#009E73",
    MaskState.UNMASKED: "#D55E00",
    MaskState.INCORRECT: "#E69F00",
    MaskState.UNSURE: "#8A8F98",
}
