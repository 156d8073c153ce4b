import Foundation
import Testing

@testable import Site

@Suite("The plain page of the API")
struct APIReferenceTests {
    private static let document = """
        {"tags": [{"name": "Direct messages"}, {"name": "Nothing yet"}, {"name": "Rooms"}],
         "paths": {
           "/z": {"parameters": [], "post": {"tags": ["Rooms"], "summary": "Last letter, first route"}},
           "/a": {"get": {"tags": ["Rooms"], "summary": "Read"}, "delete": {"tags": ["Direct messages"], "summary": "Gone"}}
         }}
        """

    @Test("groups follow the tags, routes the document")
    func order() throws {
        let groups = try APIReference(document: Self.document).groups()
        #expect(groups.map(\.id) == ["direct-messages", "rooms"])
        #expect(groups[0].routes == [.init(method: "DELETE", path: "/a", summary: "Gone")])
        #expect(groups[1].routes.map(\.path) == ["/z", "/a"])
        #expect(groups[1].routes.map(\.method) == ["POST", "GET"])
    }

    @Test("what is no description is an error, each time it is asked for")
    func broken() {
        let reference = APIReference(document: "{}")
        for _ in 0..<2 { #expect(throws: DecodingError.self) { try reference.groups() } }
    }
}
