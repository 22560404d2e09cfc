"""Places: tỉnh, huyện, xã and the thôn/bản/ấp inside them.

The State's code list changes, and codes are used again for other units: 13753 was Xã Hợp Hưng
until 30 June 2025 and is Xã Hiển Khánh since. So a place is known by *edition and code*, never by
its code alone, and whatever happened in a place keeps the edition it happened under.

Three editions are shipped, as files under `data/`:

- `2024`: the list before the rearrangement of 2023-2025. Its source mixes the state of 2021 with
  some upgrades of April 2023; it is used for any day from the start of the programme period
  2021-2025 up to 31 August 2024.
- `2025-06`: the list as it stood on 30 June 2025, the last with districts. Provinces went over to
  it one after another; the first resolutions, Nam Định's among them (1104/NQ-UBTVQH15), took
  effect on 1 September 2024, so it is used from that day on. For autumn 2024 in a province that
  changed later, name the edition of the plan by hand.
- `2025-07`: in use since 1 July 2025, with provinces and communes only.

Coordinates of the units before July 2025 are approximate (neighbours may share a point), so only
the newer units get a radius. Hamlets have no official code list: they are imported, per edition,
from an office's own file.
"""
