"""Official papers (văn bản): DOCX from a Word template that the office may edit, and PDF.

What a paper says is written once, as blocks of wording with fields (`blocks`); from it come both
the Word template that is shipped and the PDF. Layout by Decree 30/2020/NĐ-CP. docxtpl and typst
run in a process of their own (`press`): a server that prints nothing never loads them, and what
a long paper needs in memory is given back when it is done.
"""
