"""Rows as bytes: a page or all that answers in any format, and the whole snapshot as a file."""

from __future__ import annotations

from catalogue.encode.answers import Answer, Look, Shape, stream
from catalogue.encode.downloads import BeingMade, Downloads
from catalogue.encode.export import Exports, Made, answer_of
from catalogue.encode.formats import DOWNLOADS, EXPORT_FORMATS, PAGE_FORMATS, fitting
from catalogue.encode.pages import feature_list, page, takes_written
from catalogue.encode.tiles import Layer, Layers

__all__ = [
    "DOWNLOADS",
    "EXPORT_FORMATS",
    "PAGE_FORMATS",
    "Answer",
    "BeingMade",
    "Downloads",
    "Exports",
    "Layer",
    "Layers",
    "Look",
    "Made",
    "Shape",
    "answer_of",
    "feature_list",
    "fitting",
    "page",
    "stream",
    "takes_written",
]
