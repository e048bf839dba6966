"""Figures, tables and charts of the reports."""
