"""One piece for each line of a CSV file, with the columns folio, title, words, day and files (separated by `;`, beside the
CSV file). The folio is a student's name and a project's title: `Mina Sample/Community garden`. A line without a day is of
today.

    python bulk_evidence.py FOLDER WORK.csv

A line that can't be taken is named, and the others go on. What one has in a folio already, by its title and day, is not
made again: a run that was broken off is simply run again.
"""

import csv
import datetime
import io
import sys
from pathlib import Path

import fieldfolio as ff

COLUMNS = ["folio", "title", "words", "day", "files"]


def made_before(store: ff.Store, folio: str, me: str) -> set[tuple[str, str | None]]:
    return {(piece.title, piece.work_date) for piece in store.folio(folio).pieces_list if piece.maker == me}


def lines_of(work: Path) -> list[dict[str, str]]:
    """What spreadsheets write as "CSV UTF-8", with commas, or with semicolons as they do in some countries."""
    try:
        text = work.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{work} can't be read: {error}. Save it as CSV in UTF-8")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    missing = [name for name in COLUMNS if name not in (table.fieldnames or [])]
    if missing:
        sys.exit(f"{work} lacks the columns {', '.join(missing)}: its first line names them")
    return list(table)


def bulk(folder: str, work: Path) -> int:
    refused = again = 0
    before: dict[str, set[tuple[str, str | None]]] = {}
    lines = lines_of(work)
    with ff.Fieldfolio().open(folder) as store:
        places = {f"{place.student_name}/{place.title}": place.folio for place in store.places()}
        me = store.me()
        is_adult = any(kind in [ff.PersonKind.TEACHER, ff.PersonKind.MENTOR] for kind in me.kinds)
        for number, line in enumerate(lines, start=2):
            try:
                folio = places[line["folio"]]
                if folio not in before:
                    before[folio] = made_before(store, folio, me.person)
                day = line["day"] or datetime.date.today().isoformat()
                if (line["title"], day) in before[folio]:
                    again += 1
                    continue
                files = [ff.NewFile(path=str(work.parent / name)) for name in line["files"].split(";") if name]
                store.capture(
                    ff.NewEvidence(
                        title=line["title"],
                        words=line["words"],
                        work_date=day,
                        files=files,
                        folios=[folio],
                        audience=[ff.Role.OWNER, ff.Role.TEACHER, ff.Role.MENTOR, ff.Role.GUARDIAN],
                        kind=ff.PieceKind.OBSERVATION if is_adult else ff.PieceKind.EVIDENCE,
                    )
                )
                before[folio].add((line["title"], day))
            except KeyError as missing:
                refused += 1
                print(f"line {number}: there is no {missing} here", file=sys.stderr)
            except ff.FieldfolioError as error:
                refused += 1
                print(f"line {number}: {error}", file=sys.stderr)
        if again:
            print(f"{again} there already")
        report = store.sync_service().run(ff.SyncBudget(seconds=600))
        print(f"{report.bytes_up} bytes sent; {report.end.name.lower().replace('_', ' ')}")
    return refused + (report.end != ff.SyncEnd.IN_STEP)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(1 if bulk(sys.argv[1], Path(sys.argv[2])) else 0)
