from enum import StrEnum


class AnalysisRequestAlgorithm(StrEnum):
    AUTO = "auto"
    CONDITIONING = "conditioning"
    CYCLE_GEMM = "cycle-gemm"
    DEFINITION = "definition"
    ELIMINATION = "elimination"
    FAST_MATMUL = "fast-matmul"
    TREE_MESSAGES = "tree-messages"

    def __str__(self) -> str:
        return str(self.value)
