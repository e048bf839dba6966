"""The embedding and the aligner: faces, training, export, verification."""
