"""Runs over many clips: jobs, records, resuming, and phase 2 again on a finished run."""
