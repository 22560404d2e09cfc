"""Random choice for a round (chọn ngẫu nhiên): frame, commitment, seed, result, reserves.

The order is the protection: the list is frozen and hashed, the commitment is printed, and only
then the public seed is thrown. The choice itself is `sampling`, a pure function that anybody can
repeat. Nothing of the result can be known here before the seed is in.

    method      the one door to `sampling`: frames, promises, public numbers, results (pure)
    service     freeze and commit, enter the seed, void; one live draw for one purpose
    stages      communes with sizes and strata, hamlets in a commune, households in a hamlet
    lists       an office's list or one typed on site, every mistake named by its row
    private     names and addresses behind codes: apart, bound by a salted hash, erasable
    register    the chain of entries that only grows
    lineage     which units count now, and their probabilities through all stages
    carrying    what a result means in the field: visits, hamlets and households on phones
    replacing   reserves: asked for with proof, approved by another, released in order
    disclosure  from which day others see a result; sealed draws
"""
