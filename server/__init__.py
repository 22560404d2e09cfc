"""Thực Địa ("in the field"): survey and consultation server for poverty-programme supervision.

Each package below is one subject with the same rooms: models, queries, service,
problems, and the edges phone, api, pages, commands. Start at `app.py`.
"""
