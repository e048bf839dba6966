"""The curves behind the defaults of the settings."""
