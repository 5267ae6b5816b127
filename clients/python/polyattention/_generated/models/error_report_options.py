from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.error_report_options_type import ErrorReportOptionsType
from ..types import UNSET, Unset

T = TypeVar("T", bound="ErrorReportOptions")


@_attrs_define
class ErrorReportOptions:
    """Whether the error is measured against the exact answer

    Attributes:
        type_ (ErrorReportOptionsType | Unset):  Default: ErrorReportOptionsType.NONE.
        rows (int | Unset):  Default: 32.
    """

    type_: ErrorReportOptionsType | Unset = ErrorReportOptionsType.NONE
    rows: int | Unset = 32

    def to_dict(self) -> dict[str, Any]:
        type_: str | Unset = UNSET
        if not isinstance(self.type_, Unset):
            type_ = self.type_.value

        rows = self.rows

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if rows is not UNSET:
            field_dict["rows"] = rows

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        _type_ = remaining_members.pop("type", UNSET)
        type_: ErrorReportOptionsType | Unset
        if isinstance(_type_, Unset):
            type_ = UNSET
        else:
            type_ = ErrorReportOptionsType(_type_)

        rows = remaining_members.pop("rows", UNSET)

        error_report_options = cls(
            type_=type_,
            rows=rows,
        )

        return error_report_options
