"""After a form arrives and is linked: its rules are tried."""
