"""The networks of the five papers, a file each: what its `PaperNetwork` does not say is in its
functions. `paper.infos` lists them.
"""
