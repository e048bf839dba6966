"""Alerts one can live with, and the window that faces the visitor."""
