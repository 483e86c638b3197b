"""Inspection: verdicts with evidence and doubt."""
