"""Shortcomings (tồn tại, vướng mắc): raised by rule or hand, recommendation, remedy, re-check."""
