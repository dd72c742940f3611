"""Rules: reading rule files, compiling them, explaining what they decide."""
