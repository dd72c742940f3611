"""Clips: files and folders become frames with number and time."""
