"""The history: any day, week or month of the store, looked at, corrected and printed.

periods   which time is shown;  words  how it is said;  chart  its bars
rows        the table of visits and sightings;  looked_up  what is read, in the background
page        the window;  report  the same on paper
"""
