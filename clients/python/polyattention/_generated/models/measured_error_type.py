from enum import StrEnum


class MeasuredErrorType(StrEnum):
    FULL = "full"
    SAMPLE = "sample"

    def __str__(self) -> str:
        return str(self.value)
