from enum import StrEnum


class OutputOptionsEncoding(StrEnum):
    BASE64 = "base64"
    FLAT = "flat"
    NESTED = "nested"

    def __str__(self) -> str:
        return str(self.value)
