"""The demonstration: a true round of inspection with invented answers.

Places, dates and the plan are those of the published documents; households and what they answer
are made up and say so. Interviews are filled by JavaRosa, the engine inside ODK Collect, and sent
through HTTP the way a phone sends them.
"""
