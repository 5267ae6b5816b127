from enum import StrEnum


class AnalysisRequestBackend(StrEnum):
    AUTO = "auto"
    GPU = "gpu"
    NATIVE = "native"
    REFERENCE = "reference"
    WEBGPU = "webgpu"

    def __str__(self) -> str:
        return str(self.value)
