"""The one exception of the package."""

from typing import ClassVar


class SamplingError(Exception):
    """A refusal, with a `code` that never changes and the sentences `vi` and `en`."""

    code: ClassVar[str] = "sampling"
    vi_text: ClassVar[str] = "Không rút mẫu được."
    en_text: ClassVar[str] = "The draw cannot be made."

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.en)

    @property
    def vi(self) -> str:
        """The sentence in Vietnamese."""
        return self.vi_text.format_map(self.details)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.en_text.format_map(self.details)
