"""A streamed answer is split into the same sentences, however it arrives."""

import pytest

from braintumor.language.sentences import split_sentences

TEXT = 'A tumour is suspected. It measures approx. 3.4 cm (see "size"). Was it checked? Yes!\n\n'
TEXT += "رسولی کا شبہ ہے۔ قطر 34 ملی میٹر ہے۔"
SENTENCES = [
    "A tumour is suspected.",
    'It measures approx. 3.4 cm (see "size").',
    "Was it checked?",
    "Yes!",
    "رسولی کا شبہ ہے۔",
    "قطر 34 ملی میٹر ہے۔",
]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_sentences_do_not_depend_on_the_pieces(size: int) -> None:
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
    assert list(split_sentences(pieces, 400)) == SENTENCES


def test_an_endless_sentence_is_handed_over_when_it_is_too_long() -> None:
    assert next(split_sentences(iter(lambda: "and on ", ""), 400)).startswith("and on and on")
