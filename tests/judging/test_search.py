"""Hypothesis against a world with memory: once each, within bounds, and the finding stands."""

import sys
import threading
import types
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.judging.search import draw, search
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.target import ApiTarget


@pytest.fixture
def api() -> ApiTarget:
    """An embedded target whose rule may make 60 calls."""
    target = embedded_target()
    target.seed, target.allowance = 7, 60
    return target


def stories_of(api: ApiTarget, examples: int = 30) -> list[int]:
    """The stories that a search tells, in order; each costs a call."""
    told: list[int] = []

    def tell(story: int) -> None:
        api.read("00000000-0000-4000-8000-000000000000")
        told.append(story)

    search(api, st.integers(0, 10**6), tell, examples=examples, longest=2)
    return told


def test_the_same_seed_tells_the_same_stories() -> None:
    """Stories are a function of the seed alone."""
    runs = []
    for _ in range(2):
        target = embedded_target()
        target.seed, target.allowance = 7, 60
        runs.append(stories_of(target))
    assert runs[0] == runs[1]


def test_modules_that_are_loaded_do_not_reach_in(
    api: ApiTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """A constant in a local source file changes no story."""
    first = stories_of(api)
    source = f"{tmp_path}/local_constants.py"
    with open(source, "w") as file:
        file.write("LOVED = [123457, 765431, 424242]\n")
    module = types.ModuleType("local_constants")
    module.__file__ = source
    monkeypatch.setitem(sys.modules, "local_constants", module)
    again = embedded_target()
    again.seed, again.allowance = 7, 60
    assert stories_of(again) == first


def test_a_story_is_told_once(api: ApiTarget) -> None:
    """No story is told twice, though Hypothesis draws some again."""
    told = stories_of(api, examples=60)
    assert len(told) == len(set(told)) > 5


def test_a_search_keeps_its_calls(api: ApiTarget) -> None:
    """However many stories there are, no more calls are made than the rule may make."""
    stories_of(api, examples=500)
    assert api.budget.spent <= 60


def test_a_finding_is_shrunk(api: ApiTarget) -> None:
    """The smallest story that fails is raised, with its calls."""

    def tell(story: int) -> None:
        api.read("00000000-0000-4000-8000-000000000000")
        if story >= 1_000:
            raise Finding("too large", expected="less than 1000", got=str(story))

    with pytest.raises(Finding) as found:
        search(api, st.integers(0, 10**6), tell, examples=30, longest=2)
    assert found.value.got == "1000"
    assert len(found.value.exchanges) == 1


def test_what_the_first_stories_show_is_found_before_the_others_are_told(api: ApiTarget) -> None:
    """Though each is looked at later, for what came of it: eight wait at the same time, then 16."""
    steps: list[str] = []

    def tell(story: int) -> Callable[[], None]:
        number = len([step for step in steps if step[0] == "t"]) + 1
        steps.append(f"told {number}")
        api.read("00000000-0000-4000-8000-000000000000")
        return lambda: look(number)

    def look(number: int) -> None:
        steps.append(f"looked at {number}")
        if number == 10:
            raise Finding("broken", expected="whole", got="broken")

    with pytest.raises(Finding):
        search(api, st.integers(0, 10**6), tell, examples=50, longest=2)
    first = [f"{what} {n}" for what in ("told", "looked at") for n in range(1, 9)]
    assert steps[:16] == first
    assert steps[16:34] == [*(f"told {n}" for n in range(9, 25)), "looked at 9", "looked at 10"]


def test_a_finding_stands_when_no_call_is_left_to_shrink_it(api: ApiTarget) -> None:
    """Beyond the budget a candidate is not told and counts as not failing."""
    api.loopback = False
    api.allowance = 4

    def tell(story: int) -> None:
        api.read("00000000-0000-4000-8000-000000000000")
        raise Finding("always", expected="nothing", got=str(story))

    with pytest.raises(Finding, match="always"):
        search(api, st.integers(0, 10**6), tell, examples=30, longest=1)
    assert api.budget.spent <= 4


def test_what_is_missing_ends_the_search(api: ApiTarget) -> None:
    """A story that cannot be told is no finding and is not shrunk."""
    told = []

    def tell(story: int) -> None:
        told.append(story)
        raise NotExercised("no order")

    with pytest.raises(NotExercised):
        search(api, st.integers(0, 10**6), tell, examples=30, longest=2)
    assert len(told) == 1


def test_a_profile_of_the_users_does_not_reach_in(api: ApiTarget) -> None:
    """Settings that a user registers and loads change no story."""
    from hypothesis import settings

    first = stories_of(api)
    before = settings.get_current_profile_name()
    settings.register_profile("theirs", max_examples=1, derandomize=True)
    settings.load_profile("theirs")
    try:
        again = embedded_target()
        again.seed, again.allowance = 7, 60
        assert stories_of(again) == first
    finally:
        settings.load_profile(before)


def test_stories_that_are_drawn_some_at_a_time_are_shrunk_like_others(
    api: ApiTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was not drawn with the first."""
    monkeypatch.setattr("points_conformance.judging.search._AT_A_TIME", 3)
    api.allowance = 1000
    stories = stories_of(api)
    bound = max(stories[:3]) + 1
    assert max(stories) >= bound, "the seed draws no larger one later"
    failed: list[int] = []

    def tell(story: int) -> None:
        api.read("00000000-0000-4000-8000-000000000000")
        if story >= bound:
            failed.append(story)
            raise Finding("too much", expected=f"less than {bound}", got=str(story))

    with pytest.raises(Finding, match="too much"):
        search(api, st.integers(0, 10**6), tell, examples=30, longest=2)
    assert failed[0] > bound
    assert min(failed) == bound


def test_all_threads_that_draw_share_one_random() -> None:
    """For a new one Hypothesis collects all garbage, in each thread anew."""
    from hypothesis import core

    seen: list[object] = []

    def drawing() -> None:
        draw(st.integers(), lambda number: None, examples=3, seed=1)
        seen.append(core.threadlocal._hypothesis_global_random)

    for _ in range(2):
        thread = threading.Thread(target=drawing)
        thread.start()
        thread.join()
    assert seen[0] is seen[1] is not None
