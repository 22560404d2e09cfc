"""Keeping an installation sound (bảo trì): migrate, back up, restore, verify, sweep."""
