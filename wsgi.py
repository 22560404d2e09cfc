"""The application, for a web server: `waitress-serve wsgi:app`, `gunicorn wsgi:app`."""

from server.app import create_app

app = create_app()
