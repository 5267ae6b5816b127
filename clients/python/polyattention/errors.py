"""What the service refuses, as exceptions: switch on `code`, show `detail`."""

import json


class PolyAttentionError(Exception):
    """An answer other than success. `errors` holds the faults ({"pointer", "detail"}), `problem` the whole body (RFC 9457)."""

    def __init__(self, status: int, problem: dict, retry_after: float | None = None):
        self.status, self.problem, self.retry_after = status, problem, retry_after
        self.code: str = problem.get("code", f"http_{status}")
        self.detail: str = problem.get("detail", "The answer is not a problem document: is this a PolyAttention service?")
        self.errors: list[dict[str, str]] = problem.get("errors", [])
        faults = "".join(f"\n  {fault['pointer']}: {fault['detail']}" for fault in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}{faults}")


class InvalidRequest(PolyAttentionError):
    """422: well-formed but impossible; `code` says which kind."""


class Overloaded(PolyAttentionError):
    """429: the service sheds load; `retry_after` in seconds."""


class Unavailable(PolyAttentionError):
    """503: starting, draining or broken; `retry_after` in seconds."""


class DeadlineExceeded(PolyAttentionError):
    """504: the timeout passed in the queue or in a kernel."""


BY_STATUS = {422: InvalidRequest, 429: Overloaded, 503: Unavailable, 504: DeadlineExceeded}


def error_of(status: int, retry_after: str, body: bytes) -> PolyAttentionError:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    error = BY_STATUS.get(status, PolyAttentionError)
    return error(status, problem if isinstance(problem, dict) else {}, float(retry_after) if retry_after.isdecimal() else None)
