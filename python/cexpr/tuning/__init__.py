"""Searching the settings of phase 2 for the best score."""
