"""Faces: found, followed over frames, cut out, and run through the models in batches."""
