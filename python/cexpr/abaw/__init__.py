"""The file formats, folders and class orders of the ABAW challenges."""
