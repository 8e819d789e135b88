"""A teacher's classes with their students, as CSV on standard output.

    python roster.py FOLDER
"""

import csv
import sys

import fieldfolio as ff


def roster(folder: str) -> None:
    with ff.Fieldfolio().open(folder) as store:
        store.sync_service().run(ff.SyncBudget(seconds=60))
        out = csv.writer(sys.stdout)
        out.writerow(["class", "student", "id", "folios", "pieces"])
        for group in store.classes():
            for student in group.students:
                folios = store.folios(student.id)
                pieces = sum(folio.pieces for folio in folios)
                out.writerow([group.title, student.name, student.id, len(folios), pieces])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    roster(sys.argv[1])
