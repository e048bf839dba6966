"""Who agreed to be named: embeddings, gallery, enrolment. Nothing here is loaded in mask-only
mode.
"""
