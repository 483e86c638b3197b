"""Asking vision-language models."""
