"""Who is before the camera, over time: tracks, votes, visits, sightings, and the inference
thread.
"""
