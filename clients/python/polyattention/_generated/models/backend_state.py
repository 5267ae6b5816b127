from enum import StrEnum


class BackendState(StrEnum):
    CLOSED = "closed"
    READY = "ready"
    RESTARTING = "restarting"
    STARTING = "starting"
    UNAVAILABLE = "unavailable"

    def __str__(self) -> str:
        return str(self.value)
