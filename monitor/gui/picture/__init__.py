"""The live picture: frames, boxes, labels, symbols."""
