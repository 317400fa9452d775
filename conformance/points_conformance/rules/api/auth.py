"""``auth.*``: who may call (API keys)."""

from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.family import family
from points_conformance.targets.api.calls import MADE_UP_KEYS
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
KEYS = source(Page.API_KEYS, "Authentication")
ALTERED = inferred("an altered key is an unknown one")
NO_CASE = inferred("HTTP: header names have no case")
rule = family(KEYS)


@rule("auth.valid-key", MUST, core=True, profile=Profile.SMOKE, calls=3)
def a_valid_key_reads_its_merchants_order(api: ApiTarget) -> None:
    """A call with the merchant's own private key MUST be let in."""
    order = api.order()
    expect(api.read(order)).accepted()


@rule("auth.missing-key", MUST, after="auth.valid-key", profile=Profile.SMOKE, calls=6)
def a_missing_key_is_refused(api: ApiTarget) -> None:
    """A call without a key MUST be refused with 400, and MUST change nothing."""
    _is_kept_out(api, None)


@rule("auth.unknown-key", MUST, after="auth.valid-key", calls=6)
def an_unknown_key_is_refused(api: ApiTarget) -> None:
    """A call with a key that no merchant has MUST be refused with 400, and MUST change nothing."""
    _is_kept_out(api, MADE_UP_KEYS[1])


@rule("auth.altered-key", MUST, KEYS, ALTERED, after="auth.unknown-key", calls=5)
def an_altered_key_is_refused(api: ApiTarget) -> None:
    """A shortened, lengthened or case-changed key MUST be refused with 400."""
    order = api.order()
    key = api.keys.private
    for altered in (key[:-1], key + "x", key.swapcase()):
        if altered != key:
            expect(api.read(order, key=altered)).refused_with(400)


@rule("auth.public-key", MUST, after="auth.unknown-key", needs=Need.PUBLIC_KEY, calls=6)
def the_public_key_is_good_for_checkout_alone(api: ApiTarget) -> None:
    """The public key MUST NOT open any call but checkout."""
    if not api.keys.public:
        raise NotExercised("no public key: set POINTS_PUBLIC_KEY", lacks=Need.PUBLIC_KEY)
    _is_kept_out(api, api.keys.public)


@rule("auth.header-name", SHOULD, NO_CASE, after="auth.valid-key", calls=3)
def the_header_name_has_no_case(api: ApiTarget) -> None:
    """The key's header SHOULD be understood however its name is spelt."""
    order = api.order()
    answer = api.call(
        "GET", f"/orders/{order.uuid}", key=None, headers={"X-API-KEY": api.keys.private}
    )
    expect(answer).accepted()


def _is_kept_out(api: ApiTarget, key: str | None) -> None:
    order = api.order()
    before = api.read(order)
    expect(api.read(order, key=key)).refused_with(400)
    expect(api.refund(order, key=key)).refused_with(400)
    expect(api.cancel(order, key=key)).refused_with(400)
    expect(api.read(order)).unchanged_from(before)
