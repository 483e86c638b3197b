"""Images and a question → verdicts with evidence and doubt."""
