"""The catalogues are complete, keep the placeholders, and are compiled from what is committed."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest

from braintumor.api.languages import LanguageCode
from braintumor.cli import build_parser
from braintumor.explanation.languages import LANGUAGES
from scripts import catalogs

COMMAND = ["predict", "scan.png", "--language"]
CODES = list(catalogs.translated_languages())


def _strings(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _messages(code: str) -> Iterator[tuple[list[str], list[str]]]:
    for message in catalogs.read_catalog(code):
        if message.id:
            yield _strings(message.id), _strings(message.string)


def test_every_language_but_english_has_a_catalogue() -> None:
    assert ["en", *CODES] == list(LANGUAGES)


@pytest.mark.parametrize("code", CODES)
def test_catalogue_translates_every_message_of_the_source(code: str) -> None:
    translated = {tuple(ids) for ids, strings in _messages(code) if all(strings)}
    assert {tuple(_strings(message.id)) for message in catalogs.extract() if message.id} == translated


@pytest.mark.parametrize("code", CODES)
def test_translations_keep_the_placeholders(code: str) -> None:
    for ids, strings in _messages(code):
        expected = sorted(re.findall(r"\{\w+\}", ids[0]))
        assert {tuple(sorted(re.findall(r"\{\w+\}", string))) for string in strings} == {tuple(expected)}, ids[0]


@pytest.mark.parametrize("code", CODES)
def test_compiled_catalogue_is_that_of_the_source(code: str) -> None:
    compiled = catalogs.po_path(code).with_suffix(".mo").read_bytes()
    assert compiled == catalogs.compile_catalog(catalogs.read_catalog(code)), "run: python -m scripts.catalogs"


def test_command_line_and_api_offer_every_language() -> None:
    assert set(get_args(LanguageCode)) == set(LANGUAGES)
    assert [build_parser().parse_args([*COMMAND, code]).language for code in LANGUAGES] == list(LANGUAGES)
