"""The ways of the papers and what else was compared. No shipped file comes from here."""
