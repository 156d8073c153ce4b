/// Walks a whole search tree and reads every record it leads to, so that damage is met when a database is
/// loaded and never by a lookup.
struct TreeCheck {
    private let database: MappedDatabase
    /// How deep each node was met, plus one; 0 for not yet. Parts of a tree may hang in several places, and
    /// only a deeper one asks for another look.
    private var depths: [UInt8]
    private var seenRecords: Bits
    private var values: ValueCheck
    private var isFound = [Bool](repeating: false, count: CountryCode.count)
    private var waiting: [(node: Int, depth: Int)] = []

    /// - Returns: how many countries the database names.
    static func countCountries(in database: MappedDatabase) throws(ValueCheck.Damage) -> Int {
        var check = TreeCheck(database)
        try check.walk()
        return check.isFound.count { $0 }
    }

    private init(_ database: MappedDatabase) {
        self.database = database
        depths = [UInt8](repeating: 0, count: database.nodes)
        seenRecords = Bits(count: database.dataSection.count)
        values = ValueCheck(data: database.dataSection)
    }

    private mutating func walk() throws(ValueCheck.Damage) {
        // A sound tree takes a step for each node, and a few more where parts of it are shared.
        var stepsLeft = 8 * database.nodes
        try visit(.node(0), depth: 0)
        while let (node, depth) = waiting.popLast() {
            // Met again further down while it waited.
            guard Int(depths[node]) == depth + 1 else { continue }
            guard stepsLeft > 0 else { throw ValueCheck.Damage("its search tree is tangled") }
            stepsLeft -= 1
            let (left, right) = try database.branches(ofNode: node)
            // Left is taken first: in IPv6 trees it leads to the IPv4 part at its deepest place.
            try visit(right, depth: depth + 1)
            try visit(left, depth: depth + 1)
        }
    }

    private mutating func visit(_ branch: MappedDatabase.Branch, depth: Int) throws(ValueCheck.Damage) {
        switch branch {
        case .nothing: break
        case .node(let node):
            guard depth < database.depth else { throw ValueCheck.Damage("its search tree is too deep") }
            guard Int(depths[node]) < depth + 1 else { return }
            depths[node] = UInt8(depth + 1)
            waiting.append((node, depth))
        case .record(let offset):
            guard offset < database.dataSection.count else {
                throw ValueCheck.Damage("its search tree leads past its records")
            }
            guard !seenRecords[Int(offset)] else { return }
            seenRecords[Int(offset)] = true
            try values.check(at: Int(offset))
            if let code = try database.country(ofRecord: offset) { isFound[code.index] = true }
        }
    }
}
