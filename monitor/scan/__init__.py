"""Footage of a whole site: all clips of folders, by several workers (Ray), into the store once."""
