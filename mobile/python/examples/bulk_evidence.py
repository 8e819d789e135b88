"""One piece for each line of a CSV file, with the columns folio, title, words, day and files (separated by `;`, beside the
CSV file). The folio is a student's name and a project's title: `Mina Sample/Community garden`.

    python bulk_evidence.py FOLDER WORK.csv

A line that can't be taken is named, and the others go on. Run again, it would make them all again: keep the lines that
were refused in a file of their own.
"""

import csv
import sys
from pathlib import Path

import fieldfolio as ff


def bulk(folder: str, work: Path) -> int:
    refused = 0
    with ff.Fieldfolio().open(folder) as store, work.open(newline="") as lines:
        places = {f"{place.student_name}/{place.title}": place.folio for place in store.places()}
        staff = [ff.PersonKind.TEACHER, ff.PersonKind.MENTOR]
        is_adult = any(kind in staff for kind in store.me().kinds)
        for number, line in enumerate(csv.DictReader(lines), start=2):
            try:
                files = [ff.NewFile(path=str(work.parent / name)) for name in line["files"].split(";") if name]
                store.capture(
                    ff.NewEvidence(
                        title=line["title"],
                        words=line["words"],
                        work_date=line["day"] or None,
                        files=files,
                        folios=[places[line["folio"]]],
                        audience=[ff.Role.OWNER, ff.Role.TEACHER, ff.Role.MENTOR, ff.Role.GUARDIAN],
                        is_observation=is_adult,
                    )
                )
            except KeyError as missing:
                refused += 1
                print(f"line {number}: there is no {missing} here", file=sys.stderr)
            except ff.FieldfolioError as error:
                refused += 1
                print(f"line {number}: {error}", file=sys.stderr)
        report = store.sync_service().run(ff.SyncBudget(seconds=600))
        print(f"{report.bytes_up} bytes sent; {report.end.name.lower().replace('_', ' ')}")
    return refused


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(1 if bulk(sys.argv[1], Path(sys.argv[2])) else 0)
