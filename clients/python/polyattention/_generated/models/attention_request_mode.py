from enum import StrEnum


class AttentionRequestMode(StrEnum):
    APPROXIMATE = "approximate"
    AUTO = "auto"
    EXACT = "exact"

    def __str__(self) -> str:
        return str(self.value)
