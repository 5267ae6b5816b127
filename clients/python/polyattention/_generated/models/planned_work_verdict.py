from enum import StrEnum


class PlannedWorkVerdict(StrEnum):
    JOB_ONLY = "job-only"
    REFUSED = "refused"
    SYNCHRONOUS = "synchronous"

    def __str__(self) -> str:
        return str(self.value)
