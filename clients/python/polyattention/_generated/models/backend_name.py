from enum import StrEnum


class BackendName(StrEnum):
    GPU = "gpu"
    NATIVE = "native"
    REFERENCE = "reference"
    WEBGPU = "webgpu"

    def __str__(self) -> str:
        return str(self.value)
