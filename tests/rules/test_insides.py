"""What a message shows of a server's inside is found, and ordinary messages are left alone."""

import pytest

from points_conformance.rules.api.insides import inside_of

SHOWN = [
    ("Traceback (most recent call last):\\n  File", "a stack trace"),
    ('{"message": "x\\n    at parse (/app/lib/json.js:92:19)"}', "a stack trace"),
    ('{"trace": [{"line": 4}]}', "a stack trace"),
    ('{"trace": ["#0 /var/www/html/index.php(52): handle()"]}', "a stack trace"),
    ("at sa.points.Orders.find(Orders.java:41)", "a stack trace"),
    ("SQLSTATE[23000]: Integrity constraint violation", "a statement of SQL"),
    ('{"debug": "select * from \\"orders\\" where \\"uuid\\" = ?"}', "a statement of SQL"),
    ('violates check constraint \\"orders_left\\"', "a statement of SQL"),
    ("ER_DUP_ENTRY: twice", "a statement of SQL"),
    ('"file": "/var/www/html/app/Order.php"', "a path of its files"),
    ('"file": "\\/var\\/www\\/html\\/app\\/Order.php"', "a path of its files"),
    (r"C:\\inetpub\\api\\Orders.cs", "a path of its files"),
    (r"No query results for model [App\\Models\\Order] 7", "the name of a class"),
    ("com.fasterxml.jackson.core.JsonParseException", "the name of a class"),
    ("ActiveRecord::RecordNotFound", "the name of a class"),
    ("NullPointerException", "the name of a class"),
    ("TypeError: Cannot read properties of undefined", "the name of a class"),
]
PLAIN = [
    "Order not found",
    "The amount field must be a number. (and 1 more error)",
    "Please select a reason from the list where it applies.",
    "Update the order and set a reason.",
    "No exception is made: the refund window is over.",
    "Error: refunds are switched off",
    "See https://docs.papp.sa/errors/refunds.php and https:\\/\\/docs.papp.sa\\/v1\\/a.js",
    "The amount 12.50/100.00 SAR is above what is left at 10:15 (UTC)",
    '{"trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "exception": null}',
    "لا يمكن استرداد هذا الطلب",
    "Not allowed: GET /api/v1/orders/0b0f7a3e-5f4d-4a52-9d8e-2f6a6d0f9a11/refund",
    "Invalid or inactive API key (App key)",
]


@pytest.mark.parametrize(("text", "what"), SHOWN)
def test_an_inside_is_found(text: str, what: str) -> None:
    """Traces, statements, paths and classes, as frameworks of several languages write them."""
    found = inside_of(text)
    assert found is not None
    assert found[0] == what


@pytest.mark.parametrize("text", PLAIN)
def test_a_message_for_people_shows_none(text: str) -> None:
    """Also where it uses words of SQL, names an address, or speaks of an error."""
    assert inside_of(text) is None


def test_what_the_caller_sent_is_no_inside() -> None:
    """A reason that is told back is the caller's own."""
    text = "The reason 'see NullPointerException' is too long"
    assert inside_of(text) is not None
    assert inside_of(text, sent='{"reason": "see NullPointerException"}') is None
