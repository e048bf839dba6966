"""Mask Monitor: watches an entrance camera and tells who wears a mask."""

__version__ = "0.1.0"
