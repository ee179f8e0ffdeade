"""Update and compile the gettext catalogues of the explanations.

Usage: `python -m scripts.catalogs` after a change of a message in `src/braintumor/explanation`; then translate what is
empty in the `.po` files, and run it again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from braintumor.explanation.languages import DEFAULT_LANGUAGE, DOMAIN, FOLDER, LANGUAGES

_TIME = datetime(2026, 11, 29, tzinfo=UTC)
_KEYWORDS = DEFAULT_KEYWORDS | {"mark": None}


def main() -> None:
    """Write the `.po` and `.mo` file of each language."""
    template = extract()
    for code in translated_languages():
        catalog = read_catalog(code)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        _simplify_header(catalog)
        path = po_path(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        write_po(content, catalog, width=120, sort_output=True, no_location=True, omit_header=False)
        path.write_bytes(content.getvalue())
        path.with_suffix(".mo").write_bytes(compile_catalog(catalog))
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{code}: {len(catalog)} messages, {len(missing)} without a translation")


def _simplify_header(catalog: Catalog) -> None:
    """Leave out placeholders, and times, with which each run would change the files."""
    catalog.header_comment = f"# Explanations of readings: {LANGUAGES[str(catalog.locale)].name}."
    catalog.project, catalog.version, catalog.fuzzy = "braintumor", "1", False
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = "none"
    catalog.creation_date = catalog.revision_date = _TIME


def translated_languages() -> Iterator[str]:
    return (code for code in LANGUAGES if code != DEFAULT_LANGUAGE)


def po_path(code: str) -> Path:
    return FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def extract() -> Catalog:
    """Collect the messages of the source files."""
    catalog = Catalog()
    for _, _, message, _, _ in extract_from_dir(FOLDER.parent, [("**.py", "python")], keywords=_KEYWORDS):
        catalog.add(message)
    return catalog


def read_catalog(code: str) -> Catalog:
    """Read the catalogue of a language; an empty one if there is none."""
    path = po_path(code)
    if not path.is_file():
        return Catalog(code, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, code)


def compile_catalog(catalog: Catalog) -> bytes:
    """Return the content of the `.mo` file."""
    content = BytesIO()
    write_mo(content, catalog)
    return content.getvalue()


if __name__ == "__main__":
    main()
