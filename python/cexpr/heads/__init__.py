"""Heads that users train on a model's features."""
