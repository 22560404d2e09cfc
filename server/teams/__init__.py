"""People (cán bộ), inspection teams (đoàn giám sát), and phones with their way in.

A phone's token is made for one person and one plan, kept only as its SHA-256 and shown once, as
a QR code. Teams and phones name the plan they serve by its number: plans stand above this
package, so only the database knows that link.
"""
