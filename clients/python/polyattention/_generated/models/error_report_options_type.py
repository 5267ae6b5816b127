from enum import StrEnum


class ErrorReportOptionsType(StrEnum):
    FULL = "full"
    NONE = "none"
    SAMPLE = "sample"

    def __str__(self) -> str:
        return str(self.value)
