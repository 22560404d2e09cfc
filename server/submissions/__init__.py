"""Filled forms (phiếu đã điền): receive, parse, keep; photos, resending, edits, review.

**Encrypted forms** are received like others, whole and in any order, and stay unread until
somebody gives the passphrase of the plan's key. What is decrypted then is for that one answer:
shown or downloaded, never stored, because a team that encrypts has promised that the server alone
tells nobody anything. Only the verb *take in* (`opening.take_in`) stores the plain answers and
files beside the encrypted ones, in the journal under the name of who did it; from then on rules,
photos, review and lists work as for any other form, and whoever sees the plan's records sees it.
The encrypted bytes are kept for ever either way. Both verbs check every part and the signature of
the whole first; what fails is said by name and changes nothing.
"""
