"""The forms themselves: one folder of texts per form, and the workbook made from it.

`xlsforms/<form_id>/` holds `survey.csv`, `settings.csv`, `finding_rules.csv` and, where a form has
them, its own `choices.csv` and `entities.csv`; `xlsforms/choices.csv` holds the answer lists that
several forms use. The texts are the source: they read well in a diff. `xlsforms/<form_id>.xlsx`
is made from them and is what the office edits and uploads:

    python -m xlsforms build                 texts -> workbooks
    python -m xlsforms take EDITED.xlsx      an edited workbook -> texts

A cell means the same on both sides: the CSV files have the columns of the workbook's sheets.
Some of them are ours, and pyxform passes over them:

- sheet `finding_rules`: which answers raise a finding, of what severity, topic, project and table;
- survey `bieu_row`: the table (biểu) and row for which the answer is offered as a proposal, e.g.
  '05.so_ho_tham_gia'. The rows are proposals of ours; the official annex may name others;
- survey `privacy`: 'personal' or, as in Decree 356/2025/NĐ-CP, 'sensitive';
- settings `legal_basis`: 'consent', or 'state_duty' and the text that lays the duty down.

Interviews read a notice and ask for consent before anything about a person, and keep of who
refuses the reason alone. The other forms begin with the question whether the team was received.
"""
