from enum import StrEnum


class MaskType(StrEnum):
    EDGE_CAUSAL = "edge-causal"
    EDGE_WINDOW = "edge-window"
    NONE = "none"
    ROOT_CAUSAL = "root-causal"
    ROOT_WINDOW = "root-window"

    def __str__(self) -> str:
        return str(self.value)
