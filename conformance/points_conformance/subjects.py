"""The subjects that are judged, as one table: who each is, and where its parts are.

A subject more is a row more, and its folders. Parts are named by their modules, which are imported
when they are used: what is low may read the table, and so may every pytest run of every user.
"""

import importlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from points_conformance.judging.catalogue import Catalogue
    from points_conformance.judging.rule import Rule

__all__ = ["Subject", "Who", "catalogue", "part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A subject.

    ``help``: what its command says of itself. ``families``: the modules with its rules, those where
    money is lost first: where a run's calls are bounded, the last ones are left out. ``url``: the
    option that names it where it has a URL, ``otherwise`` what that says where it has none.
    ``unit``: what a run's bound counts. ``options``: those that only it has, ``settings``: what
    reads them, ``run``: what knows it in a run, ``seeded``: its defects, as ``module:name``.
    """

    name: str
    judged: str
    help: str
    families: str
    url: str = ""
    otherwise: str = ""
    unit: str = "calls"
    options: str
    settings: str
    run: str
    seeded: str


class Subject(StrEnum):
    """Who is judged."""

    who: Who

    def __new__(cls, who: Any) -> Self:
        """A row of the table, that goes by its name."""
        subject = str.__new__(cls, who.name)
        subject._value_ = who.name
        subject.who = who
        return subject

    API = Who(
        name="api",
        judged="a server of the Points API",
        help="Judge a server; without --base-url the embedded simulator. After -- options for "
        "pytest.",
        families="auth refund refund_bodies cancel isolation webhook points fields texts numbers "
        "stories races race_pairs race_crowds properties envelope schema lifecycle statuses robust "
        "webhook_retries endpoints roads spellings endpoint_life insides readings webhook_closing",
        url="--base-url",
        # Said outright: where POINTS_BASE_URL is set, the bare command would go there.
        otherwise="simulator",
        options="plugin.api.options:OPTIONS",
        settings="plugin.api.settings:read",
        run="plugin.api.run:ApiRun",
        seeded="defects.api.seeded:SEEDED",
    )
    CONSUMER = Who(
        name="consumer",
        judged="a consumer of its webhooks",
        help="Judge a webhook consumer by --url or --app; its secret is in POINTS_WEBHOOK_SECRET.",
        families="answers secret outcomes order input stories restart",
        url="--url",
        # How often a consumer's state is read depends on its queue.
        unit="deliveries; orders told of, and reads of their state, come beside them",
        options="plugin.consumer.options:OPTIONS",
        settings="plugin.consumer.settings:read",
        run="plugin.consumer.run:ConsumerRun",
        seeded="defects.consumer.seeded:SEEDED",
    )
    CLIENT = Who(
        name="client",
        judged="a client that calls cancel and refund",
        help="Judge an API client by --command: what it does when answers are lost, late or wrong.",
        families="plain lost answers edges apart waiting schedules",
        options="plugin.client.options:OPTIONS",
        settings="plugin.client.settings:read",
        run="plugin.client.run:ClientRun",
        seeded="defects.client.seeded:SEEDED",
    )


def part(name: str) -> Any:
    """What a row of the table names as ``module:name``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(f"points_conformance.{module}"), attribute)


@cache
def catalogue(subject: Subject = Subject.API) -> "Catalogue":
    """The shipped catalogue of a subject."""
    from points_conformance.contract.needs import Need
    from points_conformance.contract.pages import Page
    from points_conformance.judging.catalogue import build

    rules: list[Rule] = []
    for family in subject.who.families.split():
        rules += part(f"rules.{subject}.{family}:rule").rules
    return build(subject, rules, needs=frozenset(Need), pages=frozenset(Page))
