from enum import StrEnum


class ApproximationOptionsMethod(StrEnum):
    AUTO = "auto"
    COMPRESS = "compress"
    MINIMAX = "minimax"
    PRUNE = "prune"
    RANDOM_FEATURES = "random-features"
    SAMPLING = "sampling"
    TAYLOR = "taylor"

    def __str__(self) -> str:
        return str(self.value)
