"""Faces: found, followed over frames, cut out, and given to the models in batches."""
