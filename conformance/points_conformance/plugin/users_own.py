"""The user's own code, run by the kit: its hooks."""

import contextlib
from collections.abc import Callable, Iterator

from points_conformance.judging.finding import NotExercised
from points_conformance.judging.judged import Judged

__all__ = ["users_own"]


@contextlib.contextmanager
def users_own(hook: str, stop: Callable[[str], None], target: Judged | None) -> Iterator[None]:
    """What the user's own hook raises is neither the target's fault nor the kit's: it stops the
    run, without the target's secrets.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        why = f"the hook {hook} raised {type(error).__name__}: {error}"
        why = target.redact(why) if target is not None else why
        stop(why)
        raise NotExercised(why) from error
