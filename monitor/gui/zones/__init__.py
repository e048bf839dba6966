"""Drawing on the picture what counts and what is ignored."""
