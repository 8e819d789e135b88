"""Every student's portfolio of a class, as this teacher sees it: a folder for each student, named by her id, with `portfolio.json` (pieces,
comments, judgements, levels with their reasons) and the files.

    python export_class.py FOLDER CLASS OUT
"""

import sys
from pathlib import Path

import fieldfolio as ff


def export(folder: str, title: str, out: Path) -> int:
    missing = 0
    with ff.Fieldfolio().open(folder) as store:
        sync = store.sync_service()
        sync.run(ff.SyncBudget(seconds=600))
        groups = [group for group in store.classes() if group.title == title]
        if not groups:
            sys.exit(f"there is no class {title!r} here: " + ", ".join(group.title for group in store.classes()))
        # Asking for a file fetches it with the next run.
        for student in groups[0].students:
            for folio in store.folios(student.id):
                for line in store.folio(folio.folio).pieces_list:
                    for medium in store.piece(line.piece).media:
                        store.media_path(line.piece, ff.MediaVariant.ORIGINAL, medium.key)
        sync.run(ff.SyncBudget(seconds=3600))
        for student in groups[0].students:
            # Two may have one name, and a name may be no name for a folder.
            try:
                done = store.export_portfolio(student.id, str(out / student.id))
            except ff.FieldfolioError as error:
                missing += 1
                print(f"{student.name}: {error}", file=sys.stderr)
                continue
            missing += done.missing
            print(f"{student.name} ({student.id}): {done.pieces} pieces, {done.files} files, {done.missing} not here")
    return missing


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(1 if export(sys.argv[1], sys.argv[2], Path(sys.argv[3])) else 0)
