from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.approximation_outlook import ApproximationOutlook
    from ..models.capability import Capability
    from ..models.monomial import Monomial
    from ..models.planned_shape import PlannedShape
    from ..models.planned_work import PlannedWork
    from ..models.statement import Statement


T = TypeVar("T", bound="Analysis")


@_attrs_define
class Analysis:
    """Facts, plan, cost and capabilities of a polynomial

    Attributes:
        polynomial (str): Normal form
        t (int):
        k (int):
        s (int):
        monomials (list[Monomial]):
        components (list[list[int]]):
        treewidth (int):
        cutset (list[int]):
        elimination_order (list[int]):
        class_ (str):
        exponent (int): Exact time grows like n to this power
        upper_bound (Statement): A statement with its hypothesis and its source
        lower_bound (Statement): A statement with its hypothesis and its source
        shape (PlannedShape): The shape that was planned for
        plan (PlannedWork): The plan for the shape and what it costs here
        approximation (ApproximationOutlook): When the mechanism can be approximated, and at which rank
        tasks (list[Capability]):
        dot (str): Graphviz text of the graph
    """

    polynomial: str
    t: int
    k: int
    s: int
    monomials: list[Monomial]
    components: list[list[int]]
    treewidth: int
    cutset: list[int]
    elimination_order: list[int]
    class_: str
    exponent: int
    upper_bound: Statement
    lower_bound: Statement
    shape: PlannedShape
    plan: PlannedWork
    approximation: ApproximationOutlook
    tasks: list[Capability]
    dot: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        polynomial = self.polynomial

        t = self.t

        k = self.k

        s = self.s

        monomials = []
        for monomials_item_data in self.monomials:
            monomials_item = monomials_item_data.to_dict()
            monomials.append(monomials_item)

        components = []
        for components_item_data in self.components:
            components_item = components_item_data

            components.append(components_item)

        treewidth = self.treewidth

        cutset = self.cutset

        elimination_order = self.elimination_order

        class_ = self.class_

        exponent = self.exponent

        upper_bound = self.upper_bound.to_dict()

        lower_bound = self.lower_bound.to_dict()

        shape = self.shape.to_dict()

        plan = self.plan.to_dict()

        approximation = self.approximation.to_dict()

        tasks = []
        for tasks_item_data in self.tasks:
            tasks_item = tasks_item_data.to_dict()
            tasks.append(tasks_item)

        dot = self.dot

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "polynomial": polynomial,
                "t": t,
                "k": k,
                "s": s,
                "monomials": monomials,
                "components": components,
                "treewidth": treewidth,
                "cutset": cutset,
                "eliminationOrder": elimination_order,
                "class": class_,
                "exponent": exponent,
                "upperBound": upper_bound,
                "lowerBound": lower_bound,
                "shape": shape,
                "plan": plan,
                "approximation": approximation,
                "tasks": tasks,
                "dot": dot,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approximation_outlook import ApproximationOutlook  # noqa: PLC0415
        from ..models.capability import Capability  # noqa: PLC0415
        from ..models.monomial import Monomial  # noqa: PLC0415
        from ..models.planned_shape import PlannedShape  # noqa: PLC0415
        from ..models.planned_work import PlannedWork  # noqa: PLC0415
        from ..models.statement import Statement  # noqa: PLC0415

        remaining_members = dict(src_dict)
        polynomial = remaining_members.pop("polynomial")

        t = remaining_members.pop("t")

        k = remaining_members.pop("k")

        s = remaining_members.pop("s")

        monomials = []
        _monomials = remaining_members.pop("monomials")
        for monomials_item_data in _monomials:
            monomials_item = Monomial.from_dict(monomials_item_data)

            monomials.append(monomials_item)

        components = []
        _components = remaining_members.pop("components")
        for components_item_data in _components:
            components_item = cast(list[int], components_item_data)

            components.append(components_item)

        treewidth = remaining_members.pop("treewidth")

        cutset = cast(list[int], remaining_members.pop("cutset"))

        elimination_order = cast(list[int], remaining_members.pop("eliminationOrder"))

        class_ = remaining_members.pop("class")

        exponent = remaining_members.pop("exponent")

        upper_bound = Statement.from_dict(remaining_members.pop("upperBound"))

        lower_bound = Statement.from_dict(remaining_members.pop("lowerBound"))

        shape = PlannedShape.from_dict(remaining_members.pop("shape"))

        plan = PlannedWork.from_dict(remaining_members.pop("plan"))

        approximation = ApproximationOutlook.from_dict(remaining_members.pop("approximation"))

        tasks = []
        _tasks = remaining_members.pop("tasks")
        for tasks_item_data in _tasks:
            tasks_item = Capability.from_dict(tasks_item_data)

            tasks.append(tasks_item)

        dot = remaining_members.pop("dot")

        analysis = cls(
            polynomial=polynomial,
            t=t,
            k=k,
            s=s,
            monomials=monomials,
            components=components,
            treewidth=treewidth,
            cutset=cutset,
            elimination_order=elimination_order,
            class_=class_,
            exponent=exponent,
            upper_bound=upper_bound,
            lower_bound=lower_bound,
            shape=shape,
            plan=plan,
            approximation=approximation,
            tasks=tasks,
            dot=dot,
        )

        analysis.additional_properties = remaining_members
        return analysis

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
