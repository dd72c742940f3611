"""The table of single images: the faces of many, each with the file that shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cexpr._support.types import Integers
from cexpr.tables.columns import FACE_KEYS, FACE_PLACE, IMAGE_KEYS, schema
from cexpr.tables.layout import arrow_array, label_names


def images_table(
    faces: pa.Table, number: Integers, files: Sequence[str], clips: Sequence[str]
) -> pa.Table:
    """Lay out the faces of images with their files.

    Args:
        faces: A table of N faces; whatever columns it has beside `frame` and `time` are taken over.
        number: int64, shape (N,), the number of the image that each is in, from 1.
        files: Path of each image.
        clips: Name of each image.
    """
    image = (number - 1).astype(np.int32)
    own = faces.select([name for name in faces.column_names if name not in FACE_PLACE])
    fields = [*schema(IMAGE_KEYS), *own.schema]
    arrays = [label_names(image, files), label_names(image, clips), *own.columns]
    return pa.table(arrays, schema=pa.schema(fields))


def faces_of_images(images: pa.Table, number: Integers) -> pa.Table:
    """Lay out rows of the table of images as a table of faces again.

    Args:
        images: Such rows.
        number: int64, shape (N,), not decreasing: `frame` of each row, for example the number of
            its image.
    """
    place = schema(one for one in FACE_KEYS if one.name in FACE_PLACE)
    own = images.drop_columns([one.name for one in IMAGE_KEYS])
    arrays = [
        arrow_array(number, place.field(0).type),
        arrow_array(np.zeros(len(number)), place.field(1).type),
        *own.columns,
    ]
    return pa.table(arrays, schema=pa.schema([*place, *own.schema]))
