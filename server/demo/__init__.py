"""The demonstration: a true round of inspection with invented answers.

Places, dates and the plan are those of the published documents; households and what they answer
are made up and say so. Interviews are filled by JavaRosa, the engine inside ODK Collect, and sent
through HTTP the way a phone sends them.

    story       what is told: the plan, its dates, the people
    setting     writes it down through the services, in one transaction
    interviews  what households and hamlet heads answer; `chance` makes it the same every time
    pictures    their photos
    fieldwork   phones that sync, fill and send; what goes wrong on purpose
    loader      all of it once, or the rest of it after an interruption; `keys` holds the secrets
    phone       the phone itself (with wire, lists, multipart): tests and benches use it too
    javarosa    the engine that fills forms
    loopback    the application behind its production server, on this machine alone
"""
