"""After a form arrives: it is linked to visit and place, and its photos are looked at."""
