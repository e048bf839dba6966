"""Masks, scarves, glasses, hair and camera faults drawn on faces."""
