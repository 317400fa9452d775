"""The user's own code, run by the kit: its hooks."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from points_conformance.judging.finding import NotExercised
from points_conformance.judging.judged import Judged
from points_conformance.plugin.subject import Run

__all__ = ["own_hook"]


def own_hook(name: str, run: Run, target: Callable[[], Judged | None]) -> Callable[..., Any] | None:
    """The user's hook, if there is one; ``target``: whose secrets are kept from what it raises.

    It is called on pytest's thread: what the user wrote may count on that.
    """
    call = getattr(run.config.hook, name)
    if not call.get_hookimpls():
        return None

    def called(**given: Any) -> Any:
        with _users_own(name, run.stop, target()):
            return run.errands.run(lambda: call(config=run.config, **given))

    return called


@contextlib.contextmanager
def _users_own(hook: str, stop: Callable[[str], None], target: Judged | None) -> Iterator[None]:
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
