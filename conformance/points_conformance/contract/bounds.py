"""The most that is taken from outside: whatever is larger was not meant to be read by a program.

One place for all of them, so that no reader of answers, files or deliveries has a bound of its own.
"""

from typing import Final

__all__ = ["MOST_BYTES", "MOST_DIGITS", "MOST_SECONDS"]

#: Bytes of one answer, after it was decompressed.
MOST_BYTES: Final = 8 * 1024 * 1024
#: Digits of one number, those included that its exponent stands for: Python itself refuses to read
#: or write more than 4,300, and works for minutes on a million.
MOST_DIGITS: Final = 4000
#: Seconds for one answer as a whole, however slowly its bytes come.
MOST_SECONDS: Final = 30.0
