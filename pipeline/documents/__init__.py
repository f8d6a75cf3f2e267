"""Documents: PDF, Markdown and plain text become blocks of clean text."""

from pipeline.documents.model import Block, Document, Limits
from pipeline.documents.reading import read, read_text
from pipeline.documents.speaking import spoken_text

__all__ = ["Block", "Document", "Limits", "read", "read_text", "spoken_text"]
