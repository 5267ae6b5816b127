from enum import StrEnum


class ApproximationDegreeFeatures(StrEnum):
    PER_EDGE = "per-edge"
    WHOLE = "whole"

    def __str__(self) -> str:
        return str(self.value)
