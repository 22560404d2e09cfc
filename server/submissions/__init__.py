"""Filled forms (phiếu đã điền): receive, parse, keep; photos, resending, edits, review."""
