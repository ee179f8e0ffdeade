"""Split a streamed answer into sentences."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

# A full stop ends a sentence unless a small letter or a digit follows, as after "approx.".
_END: Final = re.compile(r"[.!?]+[\"'”»)]*\s+(?=[^\sa-zà-ÿ0-9])|[؟۔]+\s*|\n+")


def split_sentences(pieces: Iterable[str], max_length: int) -> Iterator[str]:
    """Yield each sentence as soon as it is complete, with the space after it removed.

    Parameters
    ----------
    pieces : iterable of str
        An answer in pieces of any length.
    max_length : int
        A sentence that is longer is yielded as far as it has come, so that an endless one ends.
    """
    rest = ""
    for piece in pieces:
        rest += piece
        while match := _END.search(rest):
            sentence, rest = rest[: match.end()].strip(), rest[match.end() :]
            if sentence:
                yield sentence
        if len(rest) > max_length:
            yield rest
            rest = ""
    if rest.strip():
        yield rest.strip()
