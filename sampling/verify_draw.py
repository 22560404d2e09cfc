"""Verify a draw package."""
