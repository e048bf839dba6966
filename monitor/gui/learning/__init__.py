"""Judging faces, and the models that come of it."""
