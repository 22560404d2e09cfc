"""Random choice for a round (chọn ngẫu nhiên): frame, commitment, seed, result, reserves.

The order is the protection: the list is frozen and hashed, the commitment is printed, and only
then the public seed is thrown. The choice itself is `sampling`, a pure function that anybody can
repeat. Nothing of the result can be known here before the seed is in.
"""
