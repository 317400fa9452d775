"""How consumers are paced and waited for: 429 obeyed, a queue by measured speed, all bounded."""

import contextlib
import gzip
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.consumer.seeded import SECRET, judge_consumer
from points_conformance.defects.consumer.styles import SlowQueue
from points_conformance.judging.finding import Denied
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Absence, Verdict
from points_conformance.rules.consumer import order as consumer_order
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.consumer import build as consumer_build
from points_conformance.targets.consumer.build import ConsumerOptions, build_consumer
from points_conformance.targets.consumer.http import MOST_BYTES, exchanged
from points_conformance.targets.consumer.speed import LONGEST_WAIT, Promised, Speed, Turnstile

RULES = catalogue(Subject.CONSUMER)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def busy(after: str | None = None) -> httpx.Response:
    """429, with or without Retry-After."""
    return httpx.Response(429, headers={} if after is None else {"retry-after": after})


class TestTurnedAway:
    """429 is obeyed as a sender would: not taken, repeated after the wait, bounded."""

    @staticmethod
    def through(*answers: httpx.Response) -> tuple[int, float]:
        """The answer that is let in, and the seconds until then."""
        clock = Clock()
        rest = iter(answers)
        answer = Turnstile(clock=clock, sleep=clock.sleep).through(lambda: next(rest))
        return answer.status_code, clock.now - 100.0

    @pytest.mark.parametrize(
        ("after", "seconds"), [("7", 7.0), (None, 1.0), ("soon", 1.0), ("nan", 1.0), ("-3", 0.05)]
    )
    def test_it_comes_again_after_the_wait(self, after: str | None, seconds: float) -> None:
        """As Retry-After says, or after a second."""
        assert self.through(busy(after), httpx.Response(204)) == (204, pytest.approx(seconds))

    def test_a_date_is_waited_for(self) -> None:
        """Retry-After may be one."""
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
        status, seconds = self.through(busy(date), httpx.Response(204))
        assert (status, 17 < seconds < 21) == (204, True)

    def test_who_turns_away_for_too_long_is_denied_and_left_alone(self) -> None:
        """Nobody is called while it asked not to be."""
        clock = Clock()
        door = Turnstile(clock=clock, sleep=clock.sleep)
        with pytest.raises(Denied, match="turns calls away with 429 for more than 60 s"):
            door.through(lambda: busy("3600"))
        assert clock.now == 100.0
        with pytest.raises(Denied, match="asked not to be called for another 3600 s"):
            door.through(lambda: pytest.fail("it was called"))

    def test_who_turns_away_for_ever_is_denied_after_a_minute(self) -> None:
        """However short each wait is."""
        clock = Clock()
        with pytest.raises(Denied):
            Turnstile(clock=clock, sleep=clock.sleep).through(busy)
        assert clock.now - 100.0 <= LONGEST_WAIT + 2

    def test_the_pace_becomes_the_one_that_is_let_in(self) -> None:
        """Twenty in a second, and no more: a few are turned away at first, then none."""
        clock = Clock()
        door, taken, away = Turnstile(clock=clock, sleep=clock.sleep), [-1.0], []

        def limited() -> httpx.Response:
            clock.now += 0.001
            if sum(at > clock.now - 1 for at in taken) >= 20:
                away.append(clock.now)
                return busy("1")
            taken.append(clock.now)
            return httpx.Response(204)

        for _ in range(300):
            assert door.through(limited).status_code == 204
        assert len(away) <= 5
        assert clock.now - 100.0 < 40


class TestWaiting:
    """By measured speed."""

    def test_a_queue_and_a_delay_are_told_apart(self) -> None:
        """What each delivery adds, and what an effect takes anyway."""
        queue, delay = Speed(900.0), Speed(900.0)
        for speed, alone, three in ((queue, 0.5, 1.5), (delay, 0.3, 0.3)):
            speed.pending = 1
            speed.showed(alone)
            speed.pending = 3
            speed.showed(three)
        assert (queue.lag, queue.per_job) == (pytest.approx(0.5), pytest.approx(0.5))
        assert (delay.lag, delay.per_job) == (pytest.approx(0.3), 0.0)
        queue.pending = delay.pending = 40
        assert queue.patience(2.0) > 40 * 0.5
        assert delay.patience(2.0) < 3.0

    def test_a_run_is_bounded(self) -> None:
        """What cannot be judged in time is not exercised: the run was equipped for it."""
        clock = Clock()
        speed = Speed(30.0, clock=clock)
        speed.check()
        clock.sleep(31)
        with pytest.raises(Denied, match="bound of 30 s is used up"):
            speed.check()

    def test_a_slow_consumer_is_told_fewer_stories(self) -> None:
        """A fast one all of them; every one at least one."""
        target = build_consumer(ConsumerOptions(), SECRET, function=lambda request: 204)
        assert target.affords(24, 4, 30.0) == 24
        target.speed.per_job = 0.5
        assert target.affords(24, 4, 30.0) == 15
        target.speed.per_job = 100.0
        assert target.affords(24, 4, 30.0) == 1

    def test_a_state_that_is_read_slowly_is_read_less_often(self) -> None:
        """Two reads of each order count as well."""
        target = build_consumer(
            ConsumerOptions(), SECRET, function=lambda request: 204, state_hook=_slowly
        )
        target.read(target.order())
        assert target.affords(24, 4, 2.0) < 24

    def test_a_503_is_left_alone_for_as_long_as_it_asks(self) -> None:
        """Then it comes again, and is taken."""
        answers = iter([httpx.Response(503, headers={"retry-after": "0.3"}), httpx.Response(204)])
        target = build_consumer(ConsumerOptions(), SECRET, function=lambda request: next(answers))
        started = time.monotonic()
        assert target.deliver(target.order().approved())[0].accepted
        assert time.monotonic() - started > 0.29

    def test_a_queue_whose_rest_is_still_to_be_worked_off_is_waited_for(self) -> None:
        """A worker of 0.1 s: what many deliveries of other rules left in it is no lost refund."""
        consumer = _Worker(SECRET)
        target = build_consumer(
            ConsumerOptions(settle=0.3), SECRET, function=consumer, state_hook=consumer.state
        )
        target.speed.per_job = 0.1
        for _ in range(15):
            target.send(target.order().approved())
        case = target.order()
        target.deliver(case.approved(), case.refund(2500))
        assert target.mismatches([case]) == []

    def test_what_was_promised_is_given_up_after_a_few_times_in_a_row(self) -> None:
        """Each time might take as long as it may."""
        promised, asked = Promised(), 0
        for _ in range(20):
            with contextlib.suppress(Denied), promised.asked():
                asked += 1
                raise Denied("no state")
        assert asked == 5
        with pytest.raises(Denied, match=r"no state .given up after 5 times in a row"):
            promised.asked().__enter__()


class _Worker(SlowQueue):
    """A worker that is not so slow."""

    job = 0.1


def _slowly(order_id: str) -> None:
    time.sleep(0.1)


class TestOneAtATime:
    """Many at once come after one alone, and no more of them than it can answer in time."""

    def test_a_slow_one_is_sent_two_at_once(self) -> None:
        """Three would wait for one another for too long."""
        target = build_consumer(
            ConsumerOptions(), SECRET, function=lambda request: 204, timeout=10.0
        )
        case = target.order()
        assert len(target.at_once(case.approved())) == 3
        target.speed.slowest = 3.0
        assert len(target.at_once(case.refund())) == 2

    def test_answers_of_a_race_are_no_slow_answers(self) -> None:
        """Only what was sent by itself is looked at."""
        busy = threading.Lock()

        def one_by_one(request: httpx.Request) -> int:
            with busy:
                time.sleep(0.05)
                return 204

        target = build_consumer(ConsumerOptions(), SECRET, function=one_by_one)
        target.at_once(target.order().approved())
        assert target.told == []


# ---------------------------------------------------------------------- answers without end
class _Drips(httpx.SyncByteStream):
    """A byte now and then, for ever."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        while True:
            time.sleep(0.05)
            yield b"."


def _client(answer: httpx.Response) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda request: answer))


def test_an_answer_that_drips_for_ever_is_late() -> None:
    """However soon each byte comes; the thread that read it ends as well."""
    request = httpx.Request("POST", "http://c.test")
    before = threading.active_count()
    with pytest.raises(httpx.TimeoutException):
        exchanged(_client(httpx.Response(200, stream=_Drips())), request, 0.3)
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_of_more_than_8_mib_is_none(packed: bool) -> None:
    """After decompression."""
    content = b"0" * (MOST_BYTES + 1)
    headers = {"content-encoding": "gzip"} if packed else {}
    answer = httpx.Response(
        200, headers=headers, content=gzip.compress(content) if packed else content
    )
    with pytest.raises(httpx.DecodingError, match="more than 8 MiB"):
        exchanged(_client(answer), httpx.Request("GET", "http://c.test"), 5.0)


def test_a_whole_answer_is_read_once_decompressed() -> None:
    """Headers that said how it travelled are gone, others stay, twice where they came twice."""
    headers = [("content-encoding", "gzip"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    packed = httpx.Response(200, headers=headers, content=gzip.compress(b'{"a": 1}'))
    answer = exchanged(_client(packed), httpx.Request("GET", "http://c.test"), 5.0)
    assert answer.json() == {"a": 1}
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


# ---------------------------------------------------------------------- functions that misbehave
class Hangs(SampleConsumer):
    """Hangs on refunds, for longer than anybody waits."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """A lock that nobody frees."""
        if payload["event"] == "refunded":
            time.sleep(3)
        return super().received(request, payload)


class Exits(SampleConsumer):
    """Ends its process where a refund comes."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """``sys.exit()``."""
        if payload["event"] == "refunded":
            raise SystemExit(0)
        return super().received(request, payload)


@pytest.mark.parametrize("wrong", [Hangs, Exits])
def test_a_function_that_hangs_or_exits_is_a_finding(wrong: type[SampleConsumer]) -> None:
    """In bounded time, and neither a failure of the kit nor green."""
    started = time.monotonic()
    rules = [RULES["consumer.acknowledges-refunded"], RULES["consumer.second-partial-refund"]]
    results = judge_consumer(wrong, rules, timeout=0.2, settle_seconds=0.3).results
    verdicts = {result.rule.id: result.verdict for result in results}
    assert verdicts["consumer.acknowledges-refunded"] is Verdict.FAILED
    assert verdicts["consumer.second-partial-refund"] is Verdict.BLOCKED
    assert time.monotonic() - started < 20


def test_one_that_hangs_is_not_asked_three_times_for_ever() -> None:
    """After a few attempts that were late the next late one is the last of its delivery."""
    target = build_consumer(
        ConsumerOptions(), SECRET, function=lambda request: time.sleep(1), timeout=0.1
    )
    for _ in range(5):
        target.deliver(target.order().approved())
    assert len(target.exchanges) == 3 + 1 + 1 + 1 + 1


@pytest.mark.parametrize("answer", [None, "204", 7, True])
def test_a_function_that_returns_no_status_gives_no_answer(answer: object) -> None:
    """Which is nobody's crash."""
    target = build_consumer(ConsumerOptions(), SECRET, function=lambda request: answer)
    told = target.send(target.order().approved())
    assert told.status is None
    assert "no HTTP status" in told.error


# ---------------------------------------------------------------------- reads
def test_a_read_is_made_again_after_a_gateways_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And after 429; an order is told of once."""
    monkeypatch.setattr(consumer_build, "_PAUSES", (0.01, 0.01))
    answers = iter([503, 429, 404])
    target = build_consumer(
        ConsumerOptions(state_url="/{order_id}"),
        SECRET,
        function=lambda request: httpx.Response(next(answers), headers={"retry-after": "0"}),
    )
    assert target.read(target.order()) is None
    assert target.budget.beside == 3


class TooSlow(SampleConsumer):
    """Takes longer than a run may."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """A little."""
        time.sleep(0.1)
        return super().received(request, payload)


def test_what_cannot_be_judged_in_time_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not exercised, and the run inconclusive; no finding."""
    monkeypatch.setattr(consumer_build.build_consumer, "__kwdefaults__", {
        **(consumer_build.build_consumer.__kwdefaults__ or {}), "seconds": 1.5,
    })  # fmt: skip
    results = judge_consumer(TooSlow, RULES.select(RULES["consumer.full-refund"].profile)).results
    assert {r.verdict for r in results} <= {Verdict.PASSED, Verdict.NOT_EXERCISED}
    assert Absence.DENIED in {r.absence for r in results}


AT_ONCE = RULES["consumer.repeats-at-once"]


class _Races(SampleConsumer):
    """Looks first, and books later."""

    def book_once(self, payload: dict[str, Any]) -> None:
        if self.key(payload) not in self.seen:
            self.sleep(0.02)
            self.book(payload)
            self.seen.add(self.key(payload))


class _Hinder(SampleConsumer):
    """Of several refunds at once none comes through for long; each that does is booked once."""

    hindered = 0

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.inside = 0

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        self.inside += 1
        try:
            time.sleep(0.02)
            if self.inside > 1:
                type(self).hindered += 1
                time.sleep(0.5)
                return 500
            return super().received(request, payload)
        finally:
            self.inside -= 1


class TestRuleBound:
    """No rule goes on for longer than it says."""

    def test_every_rule_says_how_long_it_goes_on_at_most(self) -> None:
        """In each profile; all of them together are the run's bound's matter."""
        assert [r.id for r in RULES for p in Profile if not 1 <= r.longest(p) <= 600] == []
        assert AT_ONCE.longest(Profile.STANDARD) == 60

    def test_after_its_bound_a_rule_makes_no_call(self) -> None:
        """It is denied, and the next rule has its own seconds."""
        told: list[str] = []
        target = build_consumer(
            ConsumerOptions(), SECRET, function=lambda request: told.append(request.method) or 204
        )
        late = target.view(rule="one", seed=0, allowance=9, seconds=0.0)
        with pytest.raises(Denied, match="rule's bound of 0 s is used up"):
            late.send(late.order().approved())
        assert told == []
        assert (
            target.view(rule="two", seed=0, allowance=9, seconds=9.0)
            .send(target.order().approved())
            .accepted
        )

    def test_what_is_still_wrong_when_the_bound_is_used_up_is_no_finding(self) -> None:
        """It might have come right."""
        target = build_consumer(
            ConsumerOptions(), SECRET, function=lambda request: 204, state_hook=lambda id_: None
        )
        target.learned.calibrated = True
        view = target.view(rule="one", seed=0, allowance=9, seconds=0.2)
        with pytest.raises(Denied, match="rule's bound"):
            view.mismatches([view.order()])

    def test_a_race_that_shows_is_not_looked_for_again(self) -> None:
        """One order's calls: its approval, and three refunds at once; of another one where the
        machine is too busy for the first to show it.
        """
        result = judge_consumer(_Races, [AT_ONCE], settle_seconds=0.3).results[-1]
        assert result.verdict is Verdict.FAILED
        assert result.calls in (4, 8)

    def test_repeats_that_hinder_each_other_are_few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each order takes half a second; there is a second for all of them."""
        monkeypatch.setattr(consumer_order, "_SECONDS_AT_ONCE", 1.0)
        monkeypatch.setattr(_Hinder, "hindered", 0)
        result = judge_consumer(_Hinder, [AT_ONCE], settle_seconds=0.3).results[-1]
        assert result.verdict is Verdict.PASSED
        assert 2 <= _Hinder.hindered <= 6
        assert result.seconds < 4
