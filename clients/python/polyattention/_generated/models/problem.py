from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.fault import Fault


T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """RFC 9457 problem details

    Attributes:
        type_ (str):
        title (str):
        status (int):
        detail (str):
        instance (str):
        code (str): Stable snake_case code to switch on
        trace_id (str):
        error (str): The same as detail, for clients of the Open Inference Protocol
        errors (list[Fault] | Unset):
        limit (float | Unset):
        actual (float | Unset):
        setting (str | Unset): The environment variable that changes the limit
    """

    type_: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    trace_id: str
    error: str
    errors: list[Fault] | Unset = UNSET
    limit: float | Unset = UNSET
    actual: float | Unset = UNSET
    setting: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        instance = self.instance

        code = self.code

        trace_id = self.trace_id

        error = self.error

        errors: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        limit = self.limit

        actual = self.actual

        setting = self.setting

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "instance": instance,
                "code": code,
                "traceId": trace_id,
                "error": error,
            }
        )
        if errors is not UNSET:
            field_dict["errors"] = errors
        if limit is not UNSET:
            field_dict["limit"] = limit
        if actual is not UNSET:
            field_dict["actual"] = actual
        if setting is not UNSET:
            field_dict["setting"] = setting

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.fault import Fault  # noqa: PLC0415

        remaining_members = dict(src_dict)
        type_ = remaining_members.pop("type")

        title = remaining_members.pop("title")

        status = remaining_members.pop("status")

        detail = remaining_members.pop("detail")

        instance = remaining_members.pop("instance")

        code = remaining_members.pop("code")

        trace_id = remaining_members.pop("traceId")

        error = remaining_members.pop("error")

        _errors = remaining_members.pop("errors", UNSET)
        errors: list[Fault] | Unset = UNSET
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = Fault.from_dict(errors_item_data)

                errors.append(errors_item)

        limit = remaining_members.pop("limit", UNSET)

        actual = remaining_members.pop("actual", UNSET)

        setting = remaining_members.pop("setting", UNSET)

        problem = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            instance=instance,
            code=code,
            trace_id=trace_id,
            error=error,
            errors=errors,
            limit=limit,
            actual=actual,
            setting=setting,
        )

        problem.additional_properties = remaining_members
        return problem

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
