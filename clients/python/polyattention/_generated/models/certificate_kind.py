from enum import StrEnum


class CertificateKind(StrEnum):
    NONE = "none"
    PROBABILISTIC = "probabilistic"
    PROVED = "proved"

    def __str__(self) -> str:
        return str(self.value)
