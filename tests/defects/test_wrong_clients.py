"""Every rule of clients can fail, and no good client fails one."""

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from points_conformance.defects.client import answers as clients_answers
from points_conformance.defects.client import bodies as clients_bodies
from points_conformance.defects.client import edges as clients_edges
from points_conformance.defects.client import keys as clients_keys
from points_conformance.defects.client import lost as clients_lost
from points_conformance.defects.client import pace as clients_pace
from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import ReconcilingClient, SampleClient
from points_conformance.defects.client.seeded import SEEDED, judge_client
from points_conformance.judging.rule import Level, Profile
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.subjects import Subject, catalogue

RULES = catalogue(Subject.CLIENT)
ADVERSE = {Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR, Verdict.BLOCKED}


def judged(defect: ClientDefect) -> list[Result]:
    """The results of the rules that are declared, and of those they come after."""
    rules = [RULES[id_] for id_ in defect.caught_by]
    return SEEDED.judged(defect, rules, Profile.STANDARD, 0).results


#: What is printed is heard in one thread alone: these wait for the others.
SHOWS_ITS_KEY = "client.key-not-shown"
FAMILIES = (
    *(clients_answers, clients_bodies, clients_edges),
    *(clients_keys, clients_lost, clients_pace),
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_wrong_client_is_found_by_its_rules_alone(family: ModuleType) -> None:
    """The declared rules fail, and none that they come after. Eight at once: they mostly wait."""
    defects: list[ClientDefect] = family.seed.defects
    silent = [defect for defect in defects if SHOWS_ITS_KEY not in defect.caught_by]
    loud = [defect for defect in defects if defect not in silent]
    with ThreadPoolExecutor(8) as pool:
        results = dict(zip(silent, pool.map(judged, silent), strict=True))
    results |= {defect: judged(defect) for defect in loud}
    wrong = {
        defect.id: failed
        for defect in defects
        if set(failed := _failed(results[defect])) != set(defect.caught_by)
    }
    assert wrong == {}


def _failed(results: list[Result]) -> dict[str, str]:
    return {r.rule.id: r.reason for r in results if r.verdict in ADVERSE}


@pytest.mark.parametrize("good", [SampleClient, ReconcilingClient])
def test_a_good_client_is_conformant(good: type[SampleClient]) -> None:
    """Nothing fails, nothing is advised, and nothing is left out."""
    results = judge_client(good).results
    verdicts = {r.rule.id: (r.verdict, r.reason) for r in results}
    fine = {Verdict.PASSED, Verdict.OBSERVED}
    assert {id_: told for id_, told in verdicts.items() if told[0] not in fine} == {}


def test_clients_of_one_moment_share_what_trusts_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While one is made nothing else runs: twelve in a row would hold up every answer."""
    made = []

    def make(cafile: str) -> object:
        made.append(cafile)
        time.sleep(0.1)
        return object()

    monkeypatch.setattr(ssl, "create_default_context", make)
    client = SampleClient("http://127.0.0.1:9", "", ca_file="of this test alone")
    with ThreadPoolExecutor(12) as pool:
        contexts = list(pool.map(lambda _: client.tls(), range(12)))
    assert made == ["of this test alone"]
    assert len(set(contexts)) == 1


def test_every_rule_catches_a_wrong_client() -> None:
    """A rule that cannot fail is no rule."""
    judging = [rule.id for rule in RULES if rule.level is not Level.OBSERVE]
    idle = {id_ for id_ in judging if not SEEDED.caught_by(id_)}
    assert idle <= set(SEEDED.unseeded)
    assert len(SEEDED.defects) >= 40
    assert len(RULES) >= 25
