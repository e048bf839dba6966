"""`python -m monitor.bench`: what a frame costs, what a live camera costs, how soon the window is
there.
"""
