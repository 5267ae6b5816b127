from enum import StrEnum


class AttentionRequestScaleType0(StrEnum):
    VALUE_0 = "1/d"
    VALUE_1 = "1/sqrt(d)"

    def __str__(self) -> str:
        return str(self.value)
