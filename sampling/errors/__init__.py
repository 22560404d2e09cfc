"""What the package refuses: one class per kind, a sentence in Vietnamese and one in English.

Every sentence names the row, the value or the stratum it is about, and the way out. The details
are kept by name, so a program need not read the sentence.

    >>> error = DuplicateId(unit_id="03217", row=9, first_row=2)
    >>> error.code, error.details["row"]
    ('duplicate-id', 9)
    >>> print(error.vi)
    Dòng 9: mã '03217' đã có ở dòng 2. Mỗi đơn vị chỉ được một dòng: hãy bỏ dòng thừa.
    >>> print(error.en)
    Row 9: id '03217' already stands in row 2. One row per unit: remove the extra one.
"""

from sampling.errors.after import (
    BadNumber,
    BadPackage,
    BadRoute,
    BadSizeOption,
    BadWeight,
    EstimateError,
    LonelyUnit,
    ReleaseRefused,
)
from sampling.errors.base import (
    SamplingError,
)
from sampling.errors.drawing import (
    AllocationImpossible,
    BadCommitment,
    BadDesign,
    DesignError,
    LongSeed,
    MalformedSeed,
    SeedError,
    ShortSeed,
    StaleSeed,
    StratumTooSmall,
    TooFewUnits,
    TooFewWitnesses,
    UnitTooLarge,
)
from sampling.errors.listing import (
    AbsurdSize,
    AmbiguousSize,
    BadId,
    BadPoint,
    BadText,
    DuplicateId,
    EmptyFrame,
    EmptyId,
    FrameError,
    MissingColumn,
    NegativeSize,
    NotCanonical,
    NotComposed,
    SizeNotNumber,
    UnknownColumn,
    ZeroSize,
)

__all__ = [
    "AbsurdSize",
    "AllocationImpossible",
    "AmbiguousSize",
    "BadCommitment",
    "BadDesign",
    "BadId",
    "BadNumber",
    "BadPackage",
    "BadPoint",
    "BadRoute",
    "BadSizeOption",
    "BadText",
    "BadWeight",
    "DesignError",
    "DuplicateId",
    "EmptyFrame",
    "EmptyId",
    "EstimateError",
    "FrameError",
    "LonelyUnit",
    "LongSeed",
    "MalformedSeed",
    "MissingColumn",
    "NegativeSize",
    "NotCanonical",
    "NotComposed",
    "ReleaseRefused",
    "SamplingError",
    "SeedError",
    "ShortSeed",
    "SizeNotNumber",
    "StaleSeed",
    "StratumTooSmall",
    "TooFewUnits",
    "TooFewWitnesses",
    "UnitTooLarge",
    "UnknownColumn",
    "ZeroSize",
]
