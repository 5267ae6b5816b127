from enum import StrEnum


class CapabilityVerdict(StrEnum):
    NO = "no"
    OPEN = "open"
    YES = "yes"

    def __str__(self) -> str:
        return str(self.value)
