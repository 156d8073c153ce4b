import Testing
import TestSupport
@testable import Relay

@Suite("A table that forgets what was used least recently")
struct RecencyTableTests {
    /// The same by a list in order of use, too simple to be wrong.
    private struct Model {
        var entries: [(key: Int, value: Int)] = []

        func peek(_ key: Int) -> Int? { entries.first { $0.key == key }?.value }

        mutating func remove(_ key: Int) -> Int? {
            let value = peek(key)
            entries.removeAll { $0.key == key }
            return value
        }

        mutating func set(_ key: Int, _ value: Int) {
            _ = remove(key)
            entries.append((key, value))
        }

        mutating func use(_ key: Int) -> Int? {
            guard let value = peek(key) else { return nil }
            set(key, value)
            return value
        }

        mutating func popOldest(where condition: (Int) -> Bool) -> (key: Int, value: Int)? {
            guard let oldest = entries.first, condition(oldest.value) else { return nil }
            return entries.removeFirst()
        }
    }

    /// How many uses the table remembers inside.
    private func remembered(_ table: RecencyTable<Int, Int>) throws -> Int {
        let uses = try #require(Mirror(reflecting: table).children.first { $0.label == "uses" })
        return Mirror(reflecting: uses.value).children.count
    }

    @Test("does what a list in order of use does", arguments: 0..<20)
    func model(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var table = RecencyTable<Int, Int>()
        var model = Model()
        let keys = 0..<[3, 20, 200][seed % 3]
        for step in 0..<3_000 {
            let key = Int.random(in: keys, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                table.set(key, step)
                model.set(key, step)
            case 4...5: #expect(table.use(key) == model.use(key))
            case 6: #expect(table.peek(key) == model.peek(key))
            case 7: #expect(table.remove(key) == model.remove(key))
            case 8:
                let (popped, expected) = (table.popOldest(), model.popOldest { _ in true })
                #expect(popped?.key == expected?.key && popped?.value == expected?.value)
            default:
                let popped = table.popOldest { $0 % 2 == 0 }
                let expected = model.popOldest { $0 % 2 == 0 }
                #expect(popped?.key == expected?.key && popped?.value == expected?.value)
            }
            #expect(table.count == model.entries.count)
        }
        while let popped = table.popOldest() { #expect(popped.key == model.entries.removeFirst().key) }
        #expect(model.entries.isEmpty)
    }

    @Test("looking at an entry doesn't use it")
    func peek() {
        var table = RecencyTable<Int, Int>()
        table.set(1, 10)
        table.set(2, 20)
        #expect(table.peek(1) == 10)
        #expect(table.popOldest()?.key == 1)
    }

    @Test("an oldest entry that doesn't meet the condition stays, and nothing behind it is looked at")
    func condition() {
        var table = RecencyTable<Int, Int>()
        table.set(1, 10)
        table.set(2, 20)
        #expect(table.popOldest { $0 == 20 } == nil)
        #expect(table.count == 2)
        #expect(table.popOldest { $0 == 10 }?.key == 1)
        #expect(table.popOldest { $0 == 20 }?.key == 2)
        #expect(table.popOldest() == nil)
    }

    @Test(
        "however often entries are used, it remembers at most four uses of each, or 64",
        arguments: [1, 5, 40])
    func bounded(keys: Int) throws {
        var table = RecencyTable<Int, Int>()
        for step in 0..<20_000 {
            table.set(step % keys, step)
            _ = table.use(step % 3)
            #expect(try remembered(table) <= max(64, 4 * table.count))
        }
    }

    @Test("entries that come and go leave nothing behind")
    func churn() throws {
        var table = RecencyTable<Int, Int>()
        for step in 0..<20_000 {
            table.set(step, step)
            if step % 2 == 0 { _ = table.remove(step) } else if table.count > 10 { _ = table.popOldest() }
            #expect(try remembered(table) <= 64)
        }
        #expect(table.count == 10)
    }
}
