"""Two readings of the contract that differ wherever it leaves a choice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """One field for each matter in which conformant servers may differ."""

    name: str
    # What is accepted.
    cancels_settled: bool
    zero_is_refused: bool
    rounds_amounts: bool
    reads_numeric_strings: bool
    null_amount_is_omitted: bool
    null_reason_is_refused: bool
    keeps_empty_reason: bool
    trims_reasons: bool
    bare_refund_means_total: bool
    completes_captured: bool
    ships_cancelled: bool
    takes_used_order_numbers: bool
    bad_page_is_refused: bool
    turns_busy_away: bool
    # Statuses of refusals.
    above_left_status: int
    foreign_status: int
    malformed_uuid_status: int
    malformed_body_status: int
    # Points.
    points_per_riyal: int
    floors_points: bool
    # Shapes.
    bare_validation_errors: bool
    empty_map_is_list: bool
    order_is_nested: bool
    says_message: bool
    microseconds: bool
    human_date: bool
    extra_fields: bool
    whole_money_is_integer: bool
    webhooks_say_everything: bool
    cancelled_shows_no_points: bool


PLAIN = Dialect(
    name="plain",
    cancels_settled=True,
    zero_is_refused=True,
    rounds_amounts=False,
    reads_numeric_strings=False,
    null_amount_is_omitted=False,
    null_reason_is_refused=False,
    keeps_empty_reason=False,
    trims_reasons=False,
    bare_refund_means_total=False,
    completes_captured=False,
    ships_cancelled=True,
    takes_used_order_numbers=True,
    bad_page_is_refused=True,
    turns_busy_away=False,
    above_left_status=422,
    foreign_status=404,
    malformed_uuid_status=404,
    malformed_body_status=422,
    points_per_riyal=10,
    floors_points=False,
    bare_validation_errors=False,
    empty_map_is_list=False,
    order_is_nested=False,
    says_message=True,
    microseconds=False,
    human_date=False,
    extra_fields=False,
    whole_money_is_integer=False,
    webhooks_say_everything=True,
    cancelled_shows_no_points=True,
)

AWKWARD = Dialect(
    name="awkward",
    cancels_settled=False,
    zero_is_refused=False,
    rounds_amounts=True,
    reads_numeric_strings=True,
    null_amount_is_omitted=True,
    null_reason_is_refused=True,
    keeps_empty_reason=True,
    trims_reasons=True,
    bare_refund_means_total=True,
    completes_captured=True,
    ships_cancelled=False,
    takes_used_order_numbers=False,
    bad_page_is_refused=False,
    turns_busy_away=True,
    above_left_status=400,
    foreign_status=403,
    malformed_uuid_status=400,
    malformed_body_status=400,
    points_per_riyal=20,
    floors_points=True,
    bare_validation_errors=True,
    empty_map_is_list=True,
    order_is_nested=True,
    says_message=False,
    microseconds=True,
    human_date=True,
    extra_fields=True,
    whole_money_is_integer=True,
    webhooks_say_everything=False,
    cancelled_shows_no_points=False,
)

DIALECTS = {dialect.name: dialect for dialect in (PLAIN, AWKWARD)}
