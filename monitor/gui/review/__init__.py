"""The review room: going back and forth in a recording, and its sightings as files."""
