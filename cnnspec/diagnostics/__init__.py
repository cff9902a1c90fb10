"""Diagnostics as data: what is wrong, where, why, and what to do about it."""

from cnnspec.diagnostics.diagnostic import Diagnostic, DiagnosticError, Edit, Frame, Help, Label, Severity
from cnnspec.diagnostics.source import Source, Span

__all__ = ["Diagnostic", "DiagnosticError", "Edit", "Frame", "Help", "Label", "Severity", "Source", "Span"]
