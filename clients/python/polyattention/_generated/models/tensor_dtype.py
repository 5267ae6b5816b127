from enum import StrEnum


class TensorDtype(StrEnum):
    BFLOAT16 = "bfloat16"
    BOOL = "bool"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    INT32 = "int32"

    def __str__(self) -> str:
        return str(self.value)
