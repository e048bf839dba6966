"""One face at a time: its box, its alignment, how well it can be judged, its mask, its gender."""
