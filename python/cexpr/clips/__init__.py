"""Frames with index and time from video files, GIFs, images and folders of numbered images."""

from cexpr.clips.decode import Clip, Frame, open_clip
from cexpr.clips.readahead import ReadAhead
from cexpr.clips.sources import ClipSource, find_clips

__all__ = ["Clip", "ClipSource", "Frame", "ReadAhead", "find_clips", "open_clip"]
