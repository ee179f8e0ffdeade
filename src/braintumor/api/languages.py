"""The language in which a program wants readings explained."""

from typing import Annotated, Literal

from fastapi import Depends, Header, Query

from braintumor.explanation import choose_language

LanguageCode = Literal["en", "de", "fr", "es", "ar", "ur"]


def requested_language(
    language: Annotated[
        LanguageCode | None, Query(description="Language of `explanation`; it comes before `Accept-Language`.")
    ] = None,
    accept_language: Annotated[
        str | None,
        Header(max_length=500, description="Languages of `explanation`, English if there is none of them."),
    ] = None,
) -> str | None:
    """Return the language of the explanations; None if a request asks for none."""
    if language is not None:
        return language
    return choose_language(accept_language) if accept_language else None


RequestedLanguage = Annotated[str | None, Depends(requested_language)]
