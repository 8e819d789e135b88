"""The journey of `mobile/journey.md`, walked by a script."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fieldfolio as ff
from conftest import Stage, run


def titles(store: ff.Store) -> list[str]:
    return sorted(piece.title for piece in store.mine())


def told(stream: ff.StatusStream, is_it: Callable[[ff.SyncStatus], bool]) -> ff.SyncStatus:
    while (status := stream.next(timeout=30)) is not None:
        if is_it(status):
            return status
    raise AssertionError("the stream ended")


def entry(piece: ff.Piece, kind: type) -> ff.Reference:
    for voice in piece.voices:
        for said in voice.entries:
            if isinstance(said.body, kind):
                return ff.Reference(author=voice.author, about=voice.about, entry=said.id)
    raise AssertionError(f"nobody said {kind}")


def assert_levels(stage: Stage, levels: ff.Levels | None, expected: dict[str, int]) -> ff.OutcomeLevel:
    assert levels is not None and levels.whole
    outcome = stage.told["outcomes"][stage.words["outcome"]]
    [standing] = [one for one in levels.outcomes if one.outcome == outcome]
    assert standing.whole and standing.state == ff.LevelState.LEVEL
    found = {"level": standing.level, "at_bats": standing.tally.at_bats}
    found |= {"projects": standing.tally.projects, "days": standing.tally.days}
    assert {name: found[name] for name in expected} == expected
    return standing


def judgement(stage: Stage, of: dict[str, Any], piece: str) -> ff.NewAssessment:
    return ff.NewAssessment(
        piece=piece,
        student=stage.told["people"]["mina"],
        outcome=stage.told["outcomes"][stage.words["outcome"]],
        level=of["level"],
        weight=ff.AssessmentKind.SUMMATIVE,
        next_step=of["next_step"],
    )


def test_one_way_from_the_first_link_to_the_last_wipe(stage: Stage) -> None:
    library, words = stage.library, stage.words
    student = stage.told["people"]["mina"]

    # 1 · The link is looked at without a network.
    preview = library.preview(stage.link("mina"))
    assert preview.is_pinned and not preview.is_over and preview.person == student
    with pytest.raises(ff.FieldfolioError.Invitation, match="whole invitation link"):
        library.preview(stage.link("mina")[:60])

    # 2 · It works once.
    mina = library.enrol(stage.link("mina"), stage.at("mina"))
    with pytest.raises(ff.FieldfolioError.Invitation):
        library.enrol(stage.link("mina"), stage.at("again"))

    # 3 · The school comes.
    assert run(mina, 30) == ff.SyncEnd.IN_STEP
    me = mina.me()
    assert me.school is not None
    assert (me.name, me.school.name) == ("Mina Sample", "Sample School")
    assert len(mina.folios(student)) == 3

    # 4 · Three pieces without a network.
    stage.network("down")
    changes = mina.open_change_stream()
    made = [mina.capture(stage.evidence(number)) for number in range(3)]
    assert all(len(one.media) == 1 for one in made)
    pieces = [one.piece for one in made]
    assert changes.next(timeout=5) is not None
    assert [piece.whereabouts.at for piece in mina.mine()] == [ff.At.HERE] * 3

    # 5 · Offline, and nothing may be lost.
    assert run(mina, 10) == ff.SyncEnd.OFFLINE
    assert mina.sync_service().status().connection == ff.Connection.IDLE
    with pytest.raises(ff.FieldfolioError.Unsent) as unsent:
        mina.log_out(ff.LogOut.KEEP())
    assert unsent.value.count > 0

    # 6 · Words are edited; an id that is none is said to be none.
    before = mina.piece(pieces[0]).words
    mina.edit(pieces[0], ff.PieceEdits(words=ff.TextEdit(before=before, after=words["edit"]["words"])))
    assert mina.piece(pieces[0]).words == words["edit"]["words"]
    with pytest.raises(ff.FieldfolioError.Argument):
        mina.piece("a leaf")

    # 7 · Everything goes.
    stage.network("up")
    assert run(mina) == ff.SyncEnd.IN_STEP
    assert mina.sync_service().queue() == []
    assert [piece.whereabouts.at for piece in mina.mine()] == [ff.At.SCHOOL] * 3

    # 8 · Her tablet has it.
    tablet = stage.enrolled("tablet")
    assert titles(tablet) == titles(mina)
    if tablet.media_path(pieces[0], ff.MediaVariant.PREVIEW) is None:
        assert run(tablet) == ff.SyncEnd.IN_STEP
    preview_path = tablet.media_path(pieces[0], ff.MediaVariant.PREVIEW)
    assert preview_path and Path(preview_path).read_bytes().startswith(b"\xff\xd8")

    # 9 · The mentor speaks and judges, and is shown no level.
    lea = stage.enrolled("lea")
    said = {name: words["feedback"][name] for name in ("did_well", "improve", "next_step")}
    lea.give_feedback(ff.NewFeedback(piece=pieces[0], about=student, **said))
    lea.assess(judgement(stage, words["mentor_judgement"], pieces[0]))
    assert run(lea) == ff.SyncEnd.IN_STEP
    assert lea.levels(student) is None

    # 10 · Two teachers judge.
    teachers = []
    for judged in words["judgements"]:
        teacher, piece = stage.enrolled(judged["by"]), pieces[judged["piece"]]
        assert piece in [row.piece.piece for row in teacher.review_queue()]
        teacher.assess(judgement(stage, judged, piece))
        assert piece not in [row.piece.piece for row in teacher.review_queue()]
        assert run(teacher) == ff.SyncEnd.IN_STEP
        teachers.append(teacher)

    # 11 · Two of three.
    assert run(mina) == ff.SyncEnd.IN_STEP
    assert_levels(stage, mina.levels(student), words["before_confirming"])

    # 12 · What the mentor judged counts once a teacher takes it as hers.
    teachers[0].confirm(pieces[0], entry(teachers[0].piece(pieces[0]), ff.EntryBody.ASSESSMENT))
    assert run(teachers[0]) == run(mina) == ff.SyncEnd.IN_STEP
    standing = assert_levels(stage, mina.levels(student), words["afterwards"])
    assert standing.beside == []
    assert all(at_bat.piece_title and at_bat.judgements[0].judge_name for at_bat in standing.at_bats)

    # 13 · Live, and then not.
    sync = mina.sync_service()
    statuses = sync.open_status_stream()
    sync.go_live()
    told(statuses, lambda now: now.connection == ff.Connection.LIVE)
    stage.network("down")
    told(statuses, lambda now: now.connection == ff.Connection.OFFLINE)

    # 14 · Work goes on.
    alone = words["while_offline"]
    folio = stage.told["folios"][alone["folio"]]
    everyone = [ff.Role.OWNER, ff.Role.TEACHER, ff.Role.MENTOR, ff.Role.GUARDIAN]
    mina.capture(ff.NewEvidence(work_date="2026-05-04", title=alone["title"], words=alone["words"], folios=[folio], audience=everyone))
    mina.reply(pieces[0], entry(mina.piece(pieces[0]), ff.EntryBody.FEEDBACK), words["reply"])
    mina.reflect(pieces[0], ff.TextEdit(before="", after=words["reflection"]))
    assert len(mina.mine()) == 4

    # 15 · Paused, as a phone demands of an app that nobody looks at.
    mina.pause()
    with pytest.raises(ff.FieldfolioError.Closed):
        mina.me()
    mina.resume()
    assert len(mina.mine()) == 4

    # 16 · The network is back.
    stage.network("up")
    sync.retry()
    told(
        statuses,
        lambda now: now.connection == ff.Connection.LIVE and not now.status.waiting and not now.status.uploads,
    )

    # 17 · Her mother reads what was said, and takes it home.
    hana = stage.enrolled("hana")
    entry(hana.piece(pieces[0]), ff.EntryBody.FEEDBACK)
    assert hana.piece(pieces[0]).words == words["edit"]["words"]
    exported = hana.export_portfolio(student, stage.at("export"))
    portfolio = json.loads(Path(exported.path).read_text())
    assert exported.pieces == len(portfolio["pieces"]) == 4
    assert portfolio["levels"]["outcomes"]
    assert words["feedback"]["did_well"] in json.dumps(portfolio, ensure_ascii=False)

    # 18 · The end.
    tablet.log_out(ff.LogOut.KEEP())
    with pytest.raises(ff.FieldfolioError.Closed):
        tablet.me()
    mina.wipe()
    with pytest.raises(ff.FieldfolioError.Closed):
        mina.me()
    assert all(count > 0 for count in changes), "the stream ends"
    assert not library.is_enrolled(stage.at("mina"))
