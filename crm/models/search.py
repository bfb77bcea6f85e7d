"""The search index: words and a sort name on each record, kept with it, and the vocabulary for wrong letters.

PostgreSQL indexes the column as a tsvector, SQLite by an FTS5 table that triggers keep; both are made after `migrate`.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from django.apps import apps
from django.db import connection, connections, models

from core import bulk
from crm import search
from crm.models.record import Record

PART = 2_000
PAGES = 500  # of the index, written anew at a time
INDEXED = ("search_words", "sort_name")
INDEXES = attrgetter(*INDEXED)
BUILDING = 7_315_001  # the advisory lock of whoever builds an index aside


class WordsField(models.TextField):  # type: ignore[type-arg]
    """The words by which a record is found; written from the record whenever it is saved, as `auto_now` does."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        told = model_instance.own_words()
        model_instance.search_words, model_instance.sort_name = told  # the column behind this one
        return str(model_instance.search_words)


@WordsField.register_lookup
class Matches(models.Lookup):  # type: ignore[type-arg]
    """`search_words__matches=Query(…)`: the same words on both databases."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Ask the FTS5 table for the row ids; a wide query goes through the list's own order instead."""
        alias = compiler.quote_name_unless_alias(self.lhs.alias)
        index = f"{self.lhs.target.model._meta.db_table}_words"
        plus = "+" if self.rhs.is_wide else ""
        last = f" ORDER BY rowid DESC LIMIT {self.rhs.newest:d}" if self.rhs.newest else ""
        sql = f'{plus}{alias}."id" IN (SELECT rowid FROM {index} WHERE {index} MATCH %s{last})'  # noqa: S608 - our names
        return self._checked(compiler, sql, _written(self.rhs, '"{}"', '"{}" *', " AND ", " OR "))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Ask the GIN index."""
        column, _ = self.process_lhs(compiler, connection)
        sql = f"{_vector(column)} @@ %s::tsquery"
        return self._checked(compiler, sql, _written(self.rhs, "'{}'", "'{}':*", " & ", " | "))

    def _checked(self, compiler: Any, sql: str, asked: str) -> tuple[str, list[Any]]:
        column, _ = self.process_lhs(compiler, connection)
        looks = "".join(f" AND (' ' || {column} || ' ') LIKE %s" for _ in self.rhs.checks)
        return f"({sql}{looks})", [asked, *self.rhs.checks]


class Searchable(Record):
    """A record that the search finds by its `search_words`."""

    # The fields that its words are made of, and the relation whose words are its words, too.
    searched: ClassVar[tuple[str, ...]] = ()
    search_from: ClassVar[str] = ""

    search_words = WordsField(default="", editable=False)
    sort_name = models.CharField(max_length=search.LONGEST_WORD, default="", editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def search_names(row: Any) -> tuple[str, ...]:
        """Return the names by which people look for a row."""
        raise NotImplementedError

    @staticmethod
    def search_addresses(row: Any) -> tuple[str, ...]:  # noqa: ARG004 - for those that have some
        """Return the email addresses and phone numbers among a row's columns."""
        return ()

    @staticmethod
    def search_order(row: Any) -> str:
        """Return what a row is sorted by among those of its noun; not asked of one that takes it from another."""
        raise NotImplementedError

    @classmethod
    def told_of(cls, row: Any, held: Iterable[str] = (), more: Any = None) -> tuple[str, str]:
        """Return what is INDEXED of a row, from its other addresses and what is indexed of the row it belongs to."""
        addresses = (*cls.search_addresses(row), *held)
        words = search.words(cls.search_names(row), addresses, more[0] if more else "")
        return words, more[1] if more else cls.search_order(row)

    @classmethod
    def search_held(cls, ids: Sequence[int]) -> Iterable[tuple[int, str]]:  # noqa: ARG003
        """Return the addresses that rows have elsewhere, each with the id of its row."""
        return ()

    def own_words(self) -> tuple[str, str]:
        """Return its words and its sort name as they are now."""
        held = () if self._state.adding else self.search_held([self.pk])
        more = INDEXES(getattr(self, self.search_from)) if self.search_from else None
        return self.told_of(self, (address for _, address in held), more)

    def insert(self) -> None:
        """Write a new row, and learn its words."""
        self.save(force_insert=True)
        learn(self.search_names(self))

    def store(self, *fields: str, **values: Any) -> None:
        """Write fields as a record does, and with a searched one the words that follow from it."""
        if not {*fields, *values}.intersection((*self.searched, self.search_from)):
            super().store(*fields, **values)
            return
        super().store(*fields, *INDEXED, **values)
        learn(self.search_names(self))
        _follow(type(self), [self.pk])


class SearchForm(models.Model):
    """One form of a known word, with letters taken out: how a misspelt word finds those that may be meant."""

    is_derived = True

    pk = models.CompositePrimaryKey("form", "word")
    form = models.CharField(max_length=search.STEM)
    word = models.CharField(max_length=search.LONGEST_WORD)

    def __str__(self) -> str:
        return f"{self.form} of {self.word}"


def near(typed: Sequence[str]) -> dict[str, search.Group]:
    """Return for each typed word the known ones that are spelt nearly like it."""
    wanted = {form for word in typed for form in search.forms(word)}
    rows = SearchForm.objects.filter(form__in=wanted).values_list("word", flat=True).distinct()
    known = list(rows) if wanted else []
    return {word: search.nearest(word, known) for word in typed}


def learn(names: Iterable[str]) -> None:
    """Put the words of names into the vocabulary; within the transaction that writes them."""
    add_words(search.names_in(names))


def add_words(words: Iterable[str]) -> None:
    """Put words into the vocabulary, each with its forms; known ones are passed over."""
    wanted = sorted(words)  # in one order, so that two transactions never wait for each other
    for at in range(0, len(wanted), PART):
        part = wanted[at : at + PART]
        known = known_words(part)
        new = [(form, word) for word in part if word not in known for form in search.forms(word)]
        if new:
            _write_forms(new)


def known_words(words: Iterable[str]) -> set[str]:
    """Return which of these words the vocabulary holds."""
    wanted = set(words)
    stems = {word[: search.STEM] for word in wanted}
    rows = SearchForm.objects.filter(form__in=stems, word__in=wanted)
    return set(rows.values_list("word", flat=True).distinct())


def _write_forms(pairs: Sequence[tuple[str, str]]) -> None:
    into = f"INSERT INTO {SearchForm._meta.db_table} (form, word)"
    skip = "ON CONFLICT DO NOTHING"  # somebody else may learn the same word at this moment
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lists = [list(column) for column in zip(*pairs, strict=True)]
            rows = "SELECT * FROM unnest(%s::text[], %s::text[])"
            cursor.execute(f"{into} {rows} {skip}", lists)
        else:
            cursor.executemany(f"{into} VALUES (%s, %s) {skip}", pairs)


def index_rows(model: type[Searchable], ids: Iterable[int]) -> int:
    """Write the words of rows that changed otherwise than by `store`, and of the rows that share them.

    Call it in the transaction of the change; ids that are gone are passed over. Returns how many differed.
    """
    wanted, changed = list(ids), 0
    for at in range(0, len(wanted), PART):
        differ, names = refresh(model, wanted[at : at + PART])
        add_words(names)
        changed += len(differ) + _follow(model, differ)
    return changed


def refresh(model: type[Searchable], ids: Sequence[int]) -> tuple[list[int], set[str]]:
    """Write the words of these rows where they differ; returns the ids of those, and all words of names."""
    rows = list(told(model, ids))
    differ = [(pk, *now) for pk, now, before, _ in rows if now != before]
    bulk.update(model, INDEXED, differ)
    names = search.names_in(name for *_, names in rows for name in names)
    return [pk for pk, *_ in differ], names


def told(model: type[Searchable], ids: Sequence[int]) -> Iterator[tuple[int, Any, Any, tuple[str, ...]]]:
    """Yield of each row its id, the words and sort name that it should have, those that it has, and its names."""
    held: dict[int, list[str]] = {}
    for pk, address in model.search_held(ids):
        held.setdefault(pk, []).append(address)
    source = [f"{model.search_from}__{name}" for name in INDEXED] if model.search_from else []
    columns = ("pk", *INDEXED, *model.searched, *source)
    for row in model._base_manager.filter(pk__in=ids).values_list(*columns, named=True):
        now = model.told_of(row, held.get(row.pk, ()), row[-2:] if source else None)
        yield row.pk, now, (row.search_words, row.sort_name), model.search_names(row)


def _follow(model: type[Searchable], ids: Sequence[int]) -> int:
    """Write the words of the rows whose words hold those of these rows."""
    changed = 0
    for other in searchables() if ids else ():
        source = other.search_from
        if source and other._meta.get_field(source).related_model is model:
            rows = other._base_manager.filter(**{f"{source}__in": ids})
            changed += index_rows(other, rows.values_list("pk", flat=True))
    return changed


def squeeze_index() -> None:
    """Let nothing of deleted rows be left in SQLite's index and log, a small part at a time; outside a transaction."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        for model in searchables():
            index = f"{model._meta.db_table}_words"
            pages, moved = -PAGES, 2
            while moved > 1:
                before = cursor.connection.total_changes
                sql = f"INSERT INTO {index} ({index}, rank) VALUES ('merge', %s)"  # noqa: S608 - our names
                cursor.execute(sql, [pages])
                pages, moved = PAGES, cursor.connection.total_changes - before
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def searchables() -> list[type[Searchable]]:
    """Return the models that the search covers; those that others take words from come first."""
    found = [model for model in apps.get_models() if issubclass(model, Searchable)]
    return sorted(found, key=lambda model: bool(model.search_from))


def prepare(using: str = "default", *, aside: bool = False) -> None:
    """Make the indexes that the ORM cannot declare; idempotent, after every `migrate`.

    `aside` lets others write meanwhile, and leaves it to another process that is at it already.
    """
    base = connections[using]
    aside = aside and base.vendor == "postgresql" and not base.in_atomic_block
    with base.cursor() as cursor:
        if aside:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [BUILDING])
            if not cursor.fetchone()[0]:
                return
        for model in searchables():
            table = model._meta.db_table
            if base.vendor == "postgresql":
                _make_gin(cursor, table, "CONCURRENTLY" if aside else "")
                continue
            cursor.execute(_COUNT, [table])
            if cursor.fetchone()[0] < len(_TRIGGERS):
                for statement in (_FTS, *_TRIGGERS, _REBUILD):
                    cursor.execute(statement.format(table=table))
        if aside:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [BUILDING])


def suspend(*wanted: type[Searchable]) -> None:
    """Drop the index of these models until `prepare`; the search stays right, but is slow meanwhile (PostgreSQL)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model in wanted:
                cursor.execute(f"DROP INDEX IF EXISTS {model._meta.db_table}_words")


def _written(query: search.Query, word: str, begun: str, both: str, either: str) -> str:
    """Write a query in the language of FTS5 or tsquery; its words hold letters, marks and digits only."""

    def term(text: str) -> str:
        return begun.format(text[:-1]) if text.endswith("*") else word.format(text)

    def all_of(parts: Iterable[str]) -> str:
        return f"({both.join(parts)})"

    def any_of(parts: Iterable[str]) -> str:
        return f"({either.join(parts)})"

    return any_of(
        all_of(any_of(all_of(map(term, terms)) for terms in group) for group in option) for option in query.options
    )


def _vector(column: str) -> str:
    return f"array_to_tsvector(string_to_array({column}, ' '))"


def _make_gin(cursor: Any, table: str, how: str) -> None:
    sql = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
    cursor.execute(sql, [f"{table}_words"])
    if found := cursor.fetchone():
        if found[0]:
            return
        cursor.execute(f"DROP INDEX {table}_words")  # left by one who was killed while building
    # A short list of what is not yet sorted in: a search reads it through, an insert in a thousand empties it.
    index = f"gin ({_vector('search_words')}) WITH (gin_pending_list_limit = 512)"
    cursor.execute(f"CREATE INDEX {how} {table}_words ON {table} USING {index}")
    # How many hits a beginning has is guessed from the most common words; the usual hundred are too few.
    cursor.execute(f"ALTER INDEX {table}_words ALTER COLUMN 1 SET STATISTICS 500")


_COUNT = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name LIKE '%%_words_%%'"
_FTS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS {table}_words USING fts5(search_words, content='{table}',"
    " content_rowid='id', tokenize='ascii', detail=none, prefix='1 2 3 4 5')"
)
_GONE = "INSERT INTO {table}_words ({table}_words, rowid, search_words) VALUES ('delete', old.id, old.search_words)"
_COME = "INSERT INTO {table}_words (rowid, search_words) VALUES (new.id, new.search_words)"
_TRIGGERS = (
    "CREATE TRIGGER IF NOT EXISTS {table}_words_in AFTER INSERT ON {table} BEGIN " + _COME + "; END",
    "CREATE TRIGGER IF NOT EXISTS {table}_words_out AFTER DELETE ON {table} BEGIN " + _GONE + "; END",
    "CREATE TRIGGER IF NOT EXISTS {table}_words_new AFTER UPDATE OF search_words ON {table}"
    " WHEN old.search_words <> new.search_words BEGIN " + _GONE + "; " + _COME + "; END",
)
_REBUILD = "INSERT INTO {table}_words ({table}_words) VALUES ('rebuild')"
