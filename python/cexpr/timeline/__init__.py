"""From rows of faces to one decided row per frame, and from labels to events."""
