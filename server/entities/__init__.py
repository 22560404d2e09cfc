"""Lists that phones carry: visits (lượt), hamlets (thôn), households (hộ trong mẫu).

The server makes them from its own rows whenever those change; each team's phones get only the
rows of their own visits.
"""
