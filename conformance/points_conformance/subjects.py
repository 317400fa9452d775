"""The subjects that are judged, as one table: who each is, and where its parts are.

A subject more is a row more, and its folders. Parts are named by their modules, which are imported
when they are used: what is low may read the table.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.catalogue import Catalogue, build
from points_conformance.judging.rule import Rule

__all__ = ["SUBJECTS", "Subject", "Who", "catalogue", "part"]


class Subject(StrEnum):
    """Who is judged."""

    API = "api"
    CONSUMER = "consumer"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A subject.

    ``families``: the modules with its rules, those where money is lost first: where a run's calls
    are bounded, the last ones are left out. ``url``: the option that names it where it has a URL.
    ``unit``: what a run's bound counts. ``run``: what knows it in a run, ``settings``: what reads
    its options, ``seeded``: its defects, as ``module:name``.
    """

    judged: str
    families: tuple[str, ...]
    url: str = ""
    unit: str = "calls"
    run: str
    settings: str
    seeded: str


SUBJECTS: Final[Mapping[Subject, Who]] = {
    Subject.API: Who(
        judged="a server of the Points API",
        families=(
            "auth",
            "refund",
            "refund_bodies",
            "cancel",
            "isolation",
            "webhook",
            "points",
            "stories",
            "races",
            "properties",
            "envelope",
            "schema",
            "lifecycle",
            "robust",
            "webhook_retries",
            "endpoints",
            "readings",
            "webhook_closing",
        ),
        url="--base-url",
        run="plugin.runs.api:ApiRun",
        settings="plugin.settings:of_a_server",
        seeded="defects.api.seeded:SEEDED",
    ),
    Subject.CONSUMER: Who(
        judged="a consumer of its webhooks",
        families=("answers", "secret", "outcomes", "order", "input", "stories"),
        url="--url",
        # How often a consumer's state is read depends on its queue.
        unit="deliveries; orders told of, and reads of their state, come beside them",
        run="plugin.runs.consumer:ConsumerRun",
        settings="plugin.settings:of_a_consumer",
        seeded="defects.consumer.seeded:SEEDED",
    ),
    Subject.CLIENT: Who(
        judged="a client that calls cancel and refund",
        families=("plain", "lost", "answers", "waiting", "schedules"),
        run="plugin.runs.client:ClientRun",
        settings="plugin.settings:of_a_client",
        seeded="defects.client.seeded:SEEDED",
    ),
}


def part(name: str) -> Any:
    """What a row of the table names as ``module:name``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(f"points_conformance.{module}"), attribute)


@cache
def catalogue(subject: Subject = Subject.API) -> Catalogue:
    """The shipped catalogue of a subject."""
    rules: list[Rule] = []
    for family in SUBJECTS[subject].families:
        rules += part(f"rules.{subject}.{family}:rule").rules
    return build(subject, rules, needs=frozenset(Need), pages=frozenset(Page))
