"""Helpers without knowledge of faces: text, validation, resources, files."""
