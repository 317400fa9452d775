"""Whatever comes in: never an exception, never a 5xx, always an envelope, and a refusal changes
nothing.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points_conformance.contract.dialect import DIALECTS
from points_conformance.simulator import Merchant, Request, Response, Simulator

EXPLICIT = settings(deadline=None, database=None, derandomize=True, max_examples=40)
EXPLICIT_WIDE = settings(EXPLICIT, max_examples=250)

OPERATIONS = (
    "GET /orders/{order}",
    "POST /orders/{order}/cancel",
    "POST /orders/{order}/refund",
    "POST /orders/{order}/authorize",
    "POST /orders/{order}/capture",
    "POST /orders/{order}/complete",
    "POST /orders/{order}/status",
    "POST /orders/earning",
    "POST /orders/checkout/{public}",
    "GET /webhooks",
    "POST /webhooks",
    "GET /webhooks/{webhook}",
    "PUT /webhooks/{webhook}",
    "PATCH /webhooks/{webhook}",
    "DELETE /webhooks/{webhook}",
)
READING = tuple(o for o in OPERATIONS if not o.startswith(("GET", "DELETE")))
EARNING = (
    b'{"phone_number":"500000002","total_price":10,"order_number":"x",'
    b'"products":[{"product_name":"a","product_price":1,"quantity":1}],"metadata":%s}'
)


def short(value: object) -> str | None:
    """A test's name for a value that may be very long or unprintable."""
    return ascii(value)[:40] if isinstance(value, str | bytes) else None


class Rig:
    """A simulator with an order in every status, an endpoint, and one merchant's key."""

    def __init__(self, dialect: str = "default") -> None:
        self.sim = Simulator(dialect=DIALECTS[dialect])
        self.order = self.sim.make_order("replacing", "approved")
        self.sim.make_order("replacing", "new")
        self.sim.make_order("earning", "partially_refunded", merchant=self.sim.other)
        self.hook = self.sim.open_endpoint(self.sim.merchant, "Mine", "https://mine.example")
        self.sim.open_endpoint(self.sim.other, "Theirs", "https://theirs.example")

    def path(self, template: str) -> str:
        """The path of an operation with this rig's identifiers."""
        public = self.sim.merchant.public_key
        return template.format(order=self.order.uuid, webhook=self.hook.uuid, public=public)

    def send(self, operation: str, body: bytes = b"", query: str = "") -> Response:
        """One operation with a body, judged."""
        method, _, path = operation.partition(" ")
        return self.judge(method, "/api/v1" + self.path(path), body, query=query)

    def judge(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request whose answer must be an envelope, and change nothing where it refuses."""
        if headers is None:
            headers = {"x-api-key": self.sim.merchant.key}
        before = self.everything()
        response = self.sim.handle(Request(method, path, headers, body, query))
        assert 200 <= response.status < 500
        assert_envelope(response)
        if response.status >= 400:
            assert self.everything() == before
        assert all(o.ledger.refunded <= o.ledger.total for o in self.sim.world.orders.values())
        return response

    def everything(self) -> object:
        """All that a refusal must leave alone, by value."""
        orders = [
            (uuid, o.ledger, o.number, o.shipping, o.updated_at)
            for uuid, o in self.sim.world.orders.items()
        ]
        deliveries = [(d.number, d.event, d.body) for d in self.sim.deliveries]
        return orders, deliveries, [self.endpoints(each) for each in self.sim.world.merchants]

    def endpoints(self, merchant: Merchant) -> object:
        """A merchant's endpoints by value."""
        return [(e.uuid, e.name, e.url, e.secret, e.updated_at) for e in merchant.endpoints]


def no_constant(name: str) -> None:
    """Python would read NaN and Infinity, other languages would not."""
    raise AssertionError(f"{name} is not JSON")


def assert_envelope(response: Response) -> None:
    """Strict UTF-8 JSON in the shape of a success, a refusal or a validation."""
    envelope: Any = json.loads(response.body.decode("utf-8", "strict"), parse_constant=no_constant)
    assert response.headers["Content-Type"] == "application/json"
    assert isinstance(envelope, dict)
    if response.status == 200:
        assert envelope["status"] is True
        return
    assert isinstance(envelope["message"], str)
    assert envelope.get("status", False) is False
    assert ("errors" in envelope) is (response.status == 422)
    for lines in envelope.get("errors", {}).values():
        assert lines
        assert all(isinstance(line, str) for line in lines)


def big(opening: bytes, filling: bytes, closing: bytes, size: int = 10_000_000) -> bytes:
    """A body of about ten megabytes."""
    return opening + filling * (size // len(filling)) + closing


NOT_JSON: dict[str, bytes] = {
    "half an object": b'{"amount":',
    "a trailing comma": b'{"amount":1,}',
    "two values": b"{}{}",
    "single quotes": b"{'amount':1}",
    "a form": b"amount=25&reason=x",
    "xml": b"<amount>25</amount>",
    "NaN": b'{"amount":NaN}',
    "Infinity": b'{"amount":Infinity}',
    "-Infinity": b'{"amount":-Infinity}',
    "a leading zero": b'{"amount":025}',
    "a leading plus": b'{"amount":+25}',
    "a bare point": b'{"amount":.5}',
    "hexadecimal": b'{"amount":0x19}',
    "arabic digits": '{"amount":٢٥}'.encode(),
    "5000 digits": b'{"amount":' + b"9" * 5000 + b"}",
    "an endless exponent": b'{"amount":1e99999999999999999999999}',
    "an endless negative exponent": b'{"amount":1e-99999999999999999999999}',
    "latin-1": '{"reason":"é"}'.encode("latin-1"),
    "UTF-16": '{"reason":"x"}'.encode("utf-16"),
    "UTF-16 without BOM": '{"reason":"x"}'.encode("utf-16-le"),
    "UTF-32": '{"reason":"x"}'.encode("utf-32"),
    "a BOM": b'\xef\xbb\xbf{"reason":"x"}',
    "NUL": b"\x00",
    "NUL after": b"{}\x00",
    "NUL inside": b'{"reason":"a\x00b"}',
    "a raw newline inside": b'{"reason":"a\nb"}',
    "a raw lone surrogate": b'{"reason":"\xed\xa0\x80"}',
    "an overlong slash": b'{"reason":"\xc0\xaf"}',
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "100000 lists": b"[" * 100_000 + b"]" * 100_000,
    "100000 open maps": b'{"a":' * 100_000,
    "1000 maps": b'{"metadata":' * 1000 + b"{}" + b"}" * 1000,
    "200 maps": b'{"metadata":' * 200 + b"{}" + b"}" * 200,
}

ODD_JSON: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a number": b"5",
    "a string": b'"refund"',
    "a list": b"[1]",
    "a list of lists": b"[[[]]]",
    "a huge number": b'{"amount":1e400,"total_price":1e400}',
    "a huge exponent": b'{"amount":1e999999999}',
    "a tiny number": b'{"amount":1e-999999999,"total_price":1e-999999999}',
    "a zero of many exponents": b'{"amount":0e999999999}',
    "4000 digits": b'{"amount":' + b"9" * 4000 + b',"total_price":' + b"9" * 4000 + b"}",
    "4000 decimals": b'{"amount":1.' + b"9" * 4000 + b"}",
    "10^15": b'{"amount":1000000000000000,"total_price":1000000000000000}',
    "minus zero": b'{"amount":-0}',
    "repeated keys": b'{"amount":1,"amount":"x"}',
    "an escaped NUL": b'{"reason":"\\u0000"}',
    "an escaped lone surrogate": b'{"reason":"\\ud800","amount":-1}',
    "every field a list": b'{"amount":[],"reason":[],"phone_number":[],"total_price":[],'
    b'"order_number":[],"products":[],"name":[],"url":[],"status":[],"payment_method":[]}',
    "every field a map": b'{"amount":{},"reason":{},"phone_number":{},"total_price":{},'
    b'"order_number":{},"products":{},"name":{},"url":{},"status":{},"payment_method":{}}',
    "every field true": b'{"amount":true,"reason":true,"phone_number":true,"total_price":true,'
    b'"order_number":true,"products":true,"name":true,"url":true,"status":true,'
    b'"payment_method":true,"shipping_address":true,"metadata":true}',
    "products of all kinds": b'{"products":[1,null,[],{},"x",{"product_price":1e400}]}',
    "an odd address": b'{"shipping_address":{"city":{},"line1":[1]}}',
}


class TestBodies:
    """Bodies that no client should send."""

    @pytest.mark.parametrize("operation", READING)
    @pytest.mark.parametrize("name", list(NOT_JSON))
    def test_what_is_no_json_is_refused(self, operation: str, name: str) -> None:
        """Where a body is read, 400; where none is, it is nobody's concern."""
        rig = Rig()
        response = rig.send(operation, NOT_JSON[name])
        reads = not operation.endswith(("/authorize", "/capture"))
        assert response.status == 400 or not reads

    @pytest.mark.parametrize("dialect", list(DIALECTS))
    @pytest.mark.parametrize("operation", READING)
    @pytest.mark.parametrize("name", list(ODD_JSON))
    def test_odd_json_gets_an_envelope(self, operation: str, name: str, dialect: str) -> None:
        """JSON of the wrong kind, in every dialect."""
        Rig(dialect).send(operation, ODD_JSON[name])

    @pytest.mark.parametrize("operation", ["GET /orders/{order}", "GET /webhooks"])
    @pytest.mark.parametrize("name", ["half an object", "UTF-16", "100000 lists"])
    def test_a_read_does_not_mind_a_body(self, operation: str, name: str) -> None:
        """A GET looks at no body."""
        assert Rig().send(operation, NOT_JSON[name]).status == 200

    @pytest.mark.parametrize(
        "body",
        [
            big(b'{"reason":"', b"x", b'"}'),
            big(b'{"amount":1.', b"9", b"}"),
            big(b'{"amount":', b"9", b"}"),
            big(b"", b"\xff", b""),
        ],
        ids=["a reason", "decimals", "digits", "bytes"],
    )
    def test_ten_megabytes_are_refused(self, body: bytes) -> None:
        """Long is no excuse for slow or broken."""
        assert Rig().send("POST /orders/{order}/refund", body).status in (400, 422)

    def test_ten_megabytes_of_blanks_are_no_body(self) -> None:
        """Blanks mean nothing, however many."""
        assert Rig().send("POST /orders/{order}/refund", b" " * 10_000_000).status == 200

    @pytest.mark.parametrize("depth", [100, 126, 127, 128, 500, 900, 950, 980, 1000, 3000])
    def test_what_is_taken_can_be_shown(self, depth: int) -> None:
        """Nesting is taken only as deep as answers and events can be written."""
        rig = Rig()
        metadata = b'{"a":' * depth + b"1" + b"}" * depth
        response = rig.send("POST /orders/earning", EARNING % metadata)
        assert response.status in (200, 400)
        if response.status == 200:
            uuid = response.json()["data"]["uuid"]
            assert rig.send(f"GET /orders/{uuid}").json()["data"]["uuid"] == uuid
            assert rig.send(f"POST /orders/{uuid}/refund").status == 200

    @pytest.mark.parametrize(
        "metadata", [b'{"a":1e400}', b'{"a":' + b"9" * 4000 + b"}", b'{"\\ud800":"\\udfff"}',
                     b'{"a":1e-400}', b'{"":null}'],
    )  # fmt: skip
    def test_odd_metadata_comes_back(self, metadata: bytes) -> None:
        """What is stored is shown again with the same value."""
        rig = Rig()
        response = rig.send("POST /orders/earning", EARNING % metadata)
        assert response.json()["data"]["metadata"] == Response(200, {}, metadata).json()


class TestPaths:
    """Paths, methods, queries and headers that lead nowhere."""

    @pytest.mark.parametrize(
        "method", ["HEAD", "OPTIONS", "TRACE", "get", "", "POST ", "\x00", "🎁"]
    )
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_wrong_method_is_405(self, operation: str, method: str) -> None:
        """Known paths know their methods."""
        rig = Rig()
        path = rig.path(operation.partition(" ")[2])
        assert rig.judge(method, "/api/v1" + path).status == 405

    @pytest.mark.parametrize(
        "path",
        [
            "", "/", "*", "/api", "/api/v1", "/api/v1/", "/api/v2/webhooks", "/API/V1/webhooks",
            "/api/v1webhooks", "/api/v1/api/v1/webhooks", "//api/v1/webhooks", "/api//v1/webhooks",
            "/api/v1//webhooks", "/api/v1/webhooks//", "/api/v1/./webhooks",
            "/api/v1/../v1/webhooks",
            "/api/v1/%77ebhooks", "/api/v1/webhooks%2F", "/api/v1/webhooks\n",
            "/api/v1/webhooks\x00",
            "/api/v1/webhooks?page=1", "/api/v1/webhooks#x", "/api/v1/orders", "/api/v1/orders/",
            "/api/v1/orders/%00", "/api/v1/orders/..%2fearning", "/api/v1/orders/\ud800",
            "/api/v1/orders/\u0661\u0662", "/api/v1/orders/" + "a" * 100_000,
            "/api/v1/orders/" + "/" * 1000, "/api/v1/webhooks/", "/api/v1/webhooks/\u0130",
            "http://other.example/api/v1/orders", "/api/v1/orders/earning/",
        ],
        ids=short,
    )  # fmt: skip
    def test_an_odd_path_is_404(self, path: str) -> None:
        """Nothing is decoded, cleaned or guessed."""
        assert Rig().judge("GET", path).status == 404

    @pytest.mark.parametrize(
        "spell",
        [
            lambda uuid: "{" + uuid + "}",
            lambda uuid: "urn:uuid:" + uuid,
            lambda uuid: uuid.replace("-", ""),
            lambda uuid: uuid + " ",
            lambda uuid: uuid + "\n",
            lambda uuid: uuid + "%00",
            lambda uuid: "%" + format(ord(uuid[0]), "x") + uuid[1:],
            lambda uuid: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in uuid),
            lambda uuid: "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in uuid),
            lambda uuid: uuid[:-1],
            lambda uuid: "/" + uuid,
        ],
    )
    @pytest.mark.parametrize("action", ["cancel", "refund"])
    def test_a_uuid_has_one_spelling(self, spell: Callable[[str], str], action: str) -> None:
        """Whatever merely resembles the uuid is refused and changes nothing."""
        rig = Rig()
        path = f"/api/v1/orders/{spell(rig.order.uuid)}/{action}"
        assert rig.judge("POST", path).status == 404

    @pytest.mark.parametrize(
        "query",
        ["page", "page=", "page=&page=2", "page=1e9", "page=-1", "page=99999999",
         "per_page=" + "9" * 5000,
         "page=%D9%A1", "page=١", "page=²", "%", "%%%", "%ff%fe", "page=%00", "\ud800=\ud800",
         "&" * 100_000, "=", "a=b;c=d", "page[]=1", "page=NaN"],
        ids=short,
    )  # fmt: skip
    @pytest.mark.parametrize("operation", ["GET /webhooks", "GET /orders/{order}"])
    def test_an_odd_query_is_no_harm(self, operation: str, query: str) -> None:
        """Nonsense means the defaults."""
        assert Rig().send(operation, query=query).status == 200

    @pytest.mark.parametrize(
        "key",
        ["", " ", "\x00", "🎁", "\ud800", "x" * 1_000_000, "' OR 1=1 --", "null"],
        ids=short,
    )
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_an_odd_key_is_400(self, operation: str, key: str) -> None:
        """No key but the merchant's own, except that checkout needs none."""
        rig = Rig()
        method, _, path = operation.partition(" ")
        response = rig.judge(method, "/api/v1" + rig.path(path), headers={"x-api-key": key})
        assert response.status == (422 if "checkout" in operation else 400)


FIELDS = st.sampled_from(
    ["amount", "reason", "status", "payment_method", "name", "url", "phone_number", "total_price",
     "order_number", "products", "metadata", "shipping_address", "city", "line1", "product_name",
     "product_price", "quantity", "tax_amount", "shipping_amount", "discount_amount"]
)  # fmt: skip
TEXT = st.text(st.characters(codec=None), max_size=12)
NUMBERS = (
    st.integers()
    | st.integers(-(10**4000), 10**4000)
    | st.floats()
    | st.sampled_from([0, -0.0, 0.01, 25.0, 100, 1e400, 1e-9])
)
LIKELY = st.sampled_from(
    ["500000002", "#1", "https://x.example", "delivered", "1", "25.00", "approved", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | LIKELY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | TEXT, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    ),
    st.dictionaries(FIELDS, VALUES, max_size=8) | VALUES,
    st.booleans(),
)


class TestAnythingAtAll:
    """Bytes, JSON and requests that Hypothesis makes up."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    @EXPLICIT
    @given(body=st.binary(max_size=200))
    def test_random_bytes(self, operation: str, body: bytes) -> None:
        """Any bytes at any operation."""
        Rig().send(operation, body)

    @pytest.mark.parametrize("operation", READING)
    @EXPLICIT
    @given(body=BODIES, dialect=st.sampled_from(sorted(DIALECTS)))
    def test_random_json(self, operation: str, body: bytes, dialect: str) -> None:
        """Any JSON, of known fields more often than not, at any operation in any dialect."""
        Rig(dialect).send(operation, body)

    @EXPLICIT_WIDE
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]) | TEXT,
        parts=st.lists(
            st.sampled_from(["orders", "webhooks", "checkout", "earning", "cancel", ""]) | TEXT,
            max_size=5,
        ),
        query=TEXT | st.builds("per_page={}&page={}".format, TEXT, st.integers()),
        headers=st.dictionaries(st.just("x-api-key") | TEXT, TEXT, max_size=3) | st.none(),
    )
    def test_random_requests(
        self, method: str, parts: list[str], query: str, headers: dict[str, str] | None
    ) -> None:
        """Any method, path, query and headers."""
        Rig().judge(method, "/api/v1/" + "/".join(parts), query=query, headers=headers)

    @EXPLICIT
    @given(st.lists(st.tuples(st.sampled_from(OPERATIONS[:11]), BODIES), max_size=8))
    def test_random_stories(self, story: list[tuple[str, bytes]]) -> None:
        """One call after the other on one order: the books stay bounded throughout."""
        rig = Rig("lenient")
        for operation, body in story:
            rig.send(operation, body)
