"""Was the visit real: what a record itself tells of place and time, set beside what was planned.

Each check says 'khớp', 'cần xem' or 'thiếu dữ liệu' and shows its numbers; together they make a
first verdict. Nothing here refuses a record or changes what a phone sent: a person reviews, and
an honest record may stand far from a hamlet's point for reasons that no number knows.

The checks stand in `checks` (pure), what they need of the database in `facts`, their limits in
`limits`. Evidence that needs other records (speed between visits), photos or paradata joins as
more checks of the same shape.
"""
