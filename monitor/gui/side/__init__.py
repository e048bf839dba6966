"""The side panel: count, chart of the hours, list of sightings."""
