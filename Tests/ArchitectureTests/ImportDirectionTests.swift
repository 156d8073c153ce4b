import Testing

@Suite("Imports point down only")
struct ImportDirectionTests {
    @Test("no source file imports a module above its own")
    func imports() throws {
        var seen = 0
        for file in try Repository.sources.get() {
            let target = Arrows.target(ofFolder: file.folder)
            let allowed = try #require(Arrows.allowed[target], "a new target needs a rule: \(target)")
            for module in file.imports where Arrows.allowed[module] != nil {
                seen += 1
                #expect(allowed.contains(module), "\(file) imports \(module), which \(target) must not know")
            }
        }
        #expect(seen > 50, "the scan found hardly an import: it is broken")
    }

    @Test("no target of Package.swift depends on one above it")
    func manifest() throws {
        let targets = Arrows.targets(inManifest: try Repository.text("Package.swift"))
        #expect(Set(targets.map(\.name)) == Set(Arrows.allowed.keys))
        for target in targets {
            let allowed = try #require(Arrows.allowed[target.name])
            let forbidden = target.dependencies.subtracting(allowed)
            #expect(forbidden.isEmpty, "\(target.name) depends on \(forbidden.sorted())")
        }
    }

    @Test("a target names every target of ours that it imports")
    func namedDependencies() throws {
        let targets = Arrows.targets(inManifest: try Repository.text("Package.swift"))
        var reachable: [String: Set<String>] = [:]
        func reach(_ name: String) -> Set<String> {
            if let known = reachable[name] { return known }
            let direct = targets.first { $0.name == name }?.dependencies ?? []
            reachable[name] = direct.reduce(direct) { $0.union(reach($1)) }
            return reachable[name] ?? []
        }
        for file in try Repository.sources.get() {
            let target = Arrows.target(ofFolder: file.folder)
            for module in file.imports where Arrows.allowed[module] != nil {
                #expect(reach(target).contains(module), "\(file) imports \(module) without depending on it")
            }
        }
    }

    @Test(
        "an import is recognised however it is written",
        arguments: [
            ("import Web", "Web"), ("public import Web", "Web"), ("@testable import Relay", "Relay"),
            ("internal import CSQLite", "CSQLite"), ("@_spi(Kit) public import Web", "Web"),
            ("import struct Web.Query", "Web"), ("    import Web", "Web"),
            ("@preconcurrency import Web", "Web"),
        ])
    func recognised(line: String, module: String) {
        #expect(Arrows.importedModule(line) == module)
    }

    @Test(
        "a line that only speaks of imports isn't one",
        arguments: ["// import Web", "let text = \"import Web\"", "/// Imports point down.", "important()"])
    func ignored(line: String) {
        #expect(Arrows.importedModule(line) == nil)
    }

    @Test("an arrow that points up is seen in a manifest")
    func upwardArrow() {
        let manifest = """
            let package = Package(
                targets: [
                    .target(
                        name: "Relay",
                        dependencies: ["Web", .product(name: "Dashboard", package: "x"), "Dashboard"],
                        swiftSettings: strict),
                    .testTarget(name: "RelayTests", dependencies: ["Signalbox"]),
                ])
            """
        let targets = Arrows.targets(inManifest: manifest)
        #expect(targets.map(\.name) == ["Relay"])
        #expect(targets.first?.dependencies == ["Web", "Dashboard"])
    }
}
