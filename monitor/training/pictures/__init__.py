"""The training pictures: reading them, whom and what is kept out, near duplicates, a report on
them.
"""
