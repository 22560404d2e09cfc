"""The forms themselves: one folder of texts per form, and the workbook made from it.

`xlsforms/<form_id>/` holds `survey.csv`, `settings.csv`, `finding_rules.csv` and, where a form has
them, its own `choices.csv` and `entities.csv`; `xlsforms/choices.csv` holds the answer lists that
several forms use. The texts are the source: they read well in a diff. `xlsforms/<form_id>.xlsx`
is made from them and is what the office edits and uploads:

    python -m xlsforms build                 texts -> workbooks
    python -m xlsforms take EDITED.xlsx      an edited workbook -> texts

A cell means the same on both sides: the CSV files have the columns of the workbook's sheets. The
sheet `finding_rules` is ours (pyxform passes over it), and so is the survey column `bieu_row`: the
cell of a table (biểu) for which the answer is offered as a proposal, e.g. '05.so_ho_tham_gia'.
"""
