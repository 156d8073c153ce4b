import Testing
@testable import Web

@Suite("The query of a request")
struct QueryTests {
    @Test(
        "the first value of a name is found, decoded",
        arguments: [
            ("a=1", "1"), ("b=2&a=1", "1"), ("a=1&a=2", "1"), ("a=", ""), ("a", ""), ("a=x%20y", "x y"),
            ("a=x+y", "x y"),
            ("%61=1", "1"), ("a=b=c", "b=c"), ("&&a=1", "1"), ("a=%C3%A9", "é"), ("a=1;b", "1;b"),
        ])
    func value(query: String, expected: String) {
        #expect(Query(query[...])["a"] == expected)
    }

    @Test("a name that isn't there has no value", arguments: ["", "b=1", "A=1", "aa=1", "=a"])
    func missing(query: String) {
        #expect(Query(query[...])["a"] == nil)
    }

    @Test(
        "every value of a name is found, in order",
        arguments: [
            ("a=1&b=2&a=3&%61=4&a", ["1", "3", "4", ""]), ("", []), ("b=1", []), ("a=+&&a=%2B&", [" ", "+"]),
        ])
    func values(query: String, expected: [String]) {
        #expect(Query(query[...]).values("a") == expected)
    }

    @Test("a name that must be encoded is found", arguments: ["c d=1", "c+d=1", "c%20d=1", "x=&%63+%64=1"])
    func encodedName(query: String) {
        #expect(Query(query[...])["c d"] == "1")
    }

    @Test(
        "broken percent-encoding is taken as it stands",
        arguments: [("a=%", "%"), ("a=%zz", "%zz"), ("a=%C3", "%C3")])
    func broken(query: String, expected: String) {
        #expect(Query(query[...])["a"] == expected)
    }

    @Test(
        "a number is read as parseInt reads it",
        arguments: [
            ("5", 5), ("-5", -5), ("+5", 5), ("007", 7), ("12abc", 12), ("1e9", 1), ("1.9", 1), (" 8", 8),
            ("0x10", 0),
            ("9223372036854775807", .max), ("9223372036854775808", .max), ("-9223372036854775809", -.max),
            ("99999999999999999999999999", .max), ("5\u{301}", 5), ("\t\n 6", 6),
        ] as [(String, Int64)])
    func leniently(text: String, expected: Int64) {
        #expect(Query.leadingInteger(text) == expected)
    }

    @Test(
        "what begins with no digit is no number",
        arguments: ["", "-", "+", "abc", "--1", "- 1", ".5", "NaN", "٣", "Infinity"])
    func notANumber(text: String) {
        #expect(Query.leadingInteger(text) == nil)
    }

    @Test(
        "a number in a query is what parseInt makes of its text",
        arguments: [
            "0", "007", "5", "-5", "5%00", "5+6", "+5", "", "x", "12abc", "999999999999999999",
            "9223372036854775807", "9223372036854775808", "99999999999999999999", "5/", "5:",
        ])
    func inQuery(value: String) throws {
        let query = Query("n=\(value)")
        #expect(query.lenientInteger("n") == Query.leadingInteger(try #require(query["n"])))
    }

    @Test("a number's name is looked up like any other")
    func lenientInteger() {
        #expect(Query("limit=%2B20&after=x").lenientInteger("limit") == 20)
        #expect(Query("a=1&limit=20&limit=30").lenientInteger("limit") == 20)
        #expect(Query("limit=20").lenientInteger("after") == nil)
        #expect(Query("after=x").lenientInteger("after") == nil)
    }
}
