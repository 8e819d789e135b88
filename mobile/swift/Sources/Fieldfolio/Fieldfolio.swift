// What an app imports: everything the library offers, and what makes it feel at home in Swift. Nothing is decided here.
//
// A name that another module has, too (SwiftUI's `Link` and `Grid`, say), is told apart by the module it was declared in:
// `FieldfolioRaw.Link`. The module `Fieldfolio` can't do that, since a class is called so.

@_exported import FieldfolioRaw
