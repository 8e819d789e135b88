// What could not be done says why, wherever it is shown.

import Fieldfolio
import Foundation
import Testing

struct FailureTests {
    @Test func anErrorSaysItsReasonAndNothingElse() {
        let late = FieldfolioError.Offline(reason: "the school can't be reached")
        #expect(late.localizedDescription == "the school can't be reached")
        #expect((late as any Error).localizedDescription == "the school can't be reached")
        #expect((late as any LocalizedError).errorDescription == "the school can't be reached")
        #expect("\(late)" == "the school can't be reached")
    }

    @Test func whatTheLibraryThrowsIsReadable() throws {
        let library = Fieldfolio(config: Config(logLevel: .off))
        let none = try #require(failure { try library.preview(link: "https://school.example/#join=") })
        #expect(none.isInvitation && none.recovery == .signIn)
        #expect(!none.localizedDescription.isEmpty && !none.localizedDescription.contains("FieldfolioError"))
    }

    @Test func aFolderWithoutAStoreIsNotOpened() async {
        let library = Fieldfolio(config: Config(logLevel: .off))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        #expect(!library.isEnrolled(folder: folder))
        #expect(await failure { try await library.open(folder: folder) } != nil)
    }
}

/// What this throws, if it is one of the library's.
func failure<Made>(_ work: () throws -> Made) -> FieldfolioError? {
    do {
        _ = try work()
        return nil
    } catch {
        return error as? FieldfolioError
    }
}

func failure<Made>(_ work: () async throws -> Made) async -> FieldfolioError? {
    do {
        _ = try await work()
        return nil
    } catch {
        return error as? FieldfolioError
    }
}

extension FieldfolioError {
    var isInvitation: Bool {
        if case .Invitation = self { true } else { false }
    }
}
