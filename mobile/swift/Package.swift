// swift-tools-version: 6.0
// `prepare.sh` puts the generated code in place first; README says how.

import PackageDescription

#if os(Linux)
// The library of this machine, for tests: its header lies beside our module map, and whoever builds says where it lies
// (`-Xlinker -L…`).
let ffi: Target = .systemLibrary(name: "FieldfolioFFI")
#else
// The library for phones, simulators and Macs. `make xcframework` makes it; it brings the header and its module map along.
let ffi: Target = .binaryTarget(name: "FieldfolioFFI", path: "Fieldfolio.xcframework")
#endif

let package = Package(
    name: "Fieldfolio",
    // The tests compile a model with `@Observable`, which begins with macOS 14.
    platforms: [.iOS(.v16), .macOS(.v14)],
    products: [.library(name: "Fieldfolio", targets: ["Fieldfolio"])],
    targets: [
        ffi,
        // Generated code is written for the fifth language mode.
        .target(name: "FieldfolioRaw", dependencies: ["FieldfolioFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        .target(
            name: "Fieldfolio",
            dependencies: ["FieldfolioRaw"],
            // Which web servers a device believes is asked of the system.
            linkerSettings: [
                .linkedFramework("Security", .when(platforms: [.iOS, .macOS])),
                .linkedFramework("CoreFoundation", .when(platforms: [.iOS, .macOS])),
            ]
        ),
        .testTarget(name: "FieldfolioTests", dependencies: ["Fieldfolio"]),
    ],
    swiftLanguageModes: [.v6]
)
