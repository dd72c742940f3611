"""Training heads of the user's own on a model's features."""
