"""Programme catalogue, plans (kế hoạch), rounds (đợt), visits (lượt), records (hồ sơ giám sát).

A plan has rounds, a round has visits to communes, and each visit has one monitoring record, which
gathers its submissions, documents, findings and figures. Rules of the programme (projects,
tables, thresholds) are data with dates of validity: from 2026 they change. What is not official
is marked "đề xuất" wherever it shows: the columns of Biểu 01-15 of Circular 10/2022/TT-BLĐTBXH
could not be read by us, and nothing invented is printed under that circular's name.
"""
