"""Predictions against annotations and against the votes of a crowd."""
