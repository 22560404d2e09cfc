"""The desk (bàn làm việc): pages that set several subjects side by side.

A plan with its visits, what was sent and what was found there; a visit; a monitoring record; a
plan's teams and phones; the journal. These pages stand above all subjects and read from each;
they write only through the subjects' own verbs.
"""
