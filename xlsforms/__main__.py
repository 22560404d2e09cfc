"""`python -m xlsforms build` and `python -m xlsforms take EDITED.xlsx`."""

import sys
from pathlib import Path

from xlsforms import workbook

USAGE = "python -m xlsforms build [FORM_ID ...] | python -m xlsforms take EDITED.xlsx ..."


def build(form_ids: list[str]) -> None:
    """Make the workbooks of the named forms, or of all."""
    for form_id in form_ids or workbook.form_ids():
        content = workbook.to_bytes(workbook.read_texts(form_id))
        path = workbook.HOME / f"{form_id}.xlsx"
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            print(path.name)


def take(paths: list[str]) -> None:
    """Bring edited workbooks back into the texts, then make every workbook anew.

    A shared answer list that was edited changes in all forms that use it.
    """
    for path in paths:
        for changed in workbook.write_texts(workbook.from_bytes(Path(path).read_bytes())):
            print(changed.relative_to(workbook.HOME))
    build([])


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["build", *form_ids]:
            build(form_ids)
        case ["take", first, *others]:
            take([first, *others])
        case _:
            raise SystemExit(USAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (workbook.SheetError, OSError) as error:
        raise SystemExit(str(error)) from error
