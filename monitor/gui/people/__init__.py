"""The People page and the dialog that enrols somebody."""
