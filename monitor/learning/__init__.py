"""From a correction at the desk to a better model at the door: kept faces, data sets, site
adaptation, tests, promotion, drift.
"""
